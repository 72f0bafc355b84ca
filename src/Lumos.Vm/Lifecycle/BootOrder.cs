using System.Collections.Immutable;
using System.Globalization;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Lifecycle;

/// <summary>A VM that boots or stops with the machine.</summary>
/// <param name="Uuid">Of the VM.</param>
/// <param name="Name">Of its zone.</param>
/// <param name="Priority">boot_priority: the higher boots earlier and stops later.</param>
/// <param name="Delay">boot_delay: what passes after its boot until the first VM of a lower priority boots.</param>
public sealed record BootEntry(string Uuid, ZoneName Name, int Priority, TimeSpan Delay)
{
    /// <summary>What a damaged configuration does not say is 0.</summary>
    public static BootEntry Of(ZoneIndexEntry entry, ZoneConfig? config) => new(
        entry.Uuid.Length > 0 ? entry.Uuid : entry.Name.Text, entry.Name, Number(config, ZoneConfigMapping.BootPriority),
        TimeSpan.FromSeconds(Math.Max(0, Number(config, ZoneConfigMapping.BootDelay))));

    private static int Number(ZoneConfig? config, string attr) =>
        int.TryParse(config?.Attr(attr), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : 0;
}

/// <summary>
/// The order in which VMs come up with the machine: those of the highest boot_priority first and all at once, then the next
/// lower, and so on. A group is begun when all of the group before have booted (their init runs) or failed to, and the boot_delay
/// of each that booted has passed. They go down in the opposite order, without delays.
/// </summary>
public static class BootOrder
{
    public static ImmutableArray<ImmutableArray<BootEntry>> Groups(IEnumerable<BootEntry> entries) =>
        [.. entries.GroupBy(e => e.Priority).OrderByDescending(g => g.Key).Select(g => g.ToImmutableArray())];

    /// <summary>
    /// What a group gets of the time that is left, groups after it included: an equal share, so that the stubborn of one take
    /// nothing from the others, and what a group leaves is for those that follow.
    /// </summary>
    public static TimeSpan Share(TimeSpan left, int groupsLeft) => left > TimeSpan.Zero ? left / groupsLeft : TimeSpan.Zero;
}
