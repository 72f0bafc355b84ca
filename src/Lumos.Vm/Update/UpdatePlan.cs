using System.Collections.Immutable;

namespace Lumos.Vm.Update;

/// <summary>When a change reaches a VM that runs.</summary>
public enum Effect
{
    /// <summary>At once.</summary>
    Live,

    /// <summary>When the VM is next started or rebooted through vmadm.</summary>
    NextBoot,

    /// <summary>The VM has to be stopped for it.</summary>
    Stopped,

    /// <summary>It is recorded; the guest was told only when it was made.</summary>
    Recorded,
}

/// <summary>One property that an update changes.</summary>
public sealed record Change(string Property, Effect Effect);

/// <summary>What an update comes to: the VM as it is to be, and what differs.</summary>
/// <param name="Before">As it is.</param>
/// <param name="After">As it is to be.</param>
/// <param name="Changes">By property, in the table's order; empty: nothing differs.</param>
public sealed record UpdatePlan(VmSpec Before, VmSpec After, ImmutableArray<Change> Changes)
{
    /// <summary>The properties whose change has this effect.</summary>
    public ImmutableArray<string> Of(Effect effect) => [.. Changes.Where(c => c.Effect == effect).Select(c => c.Property)];

    public bool Touches(string property) => Changes.Any(c => c.Property == property);
}
