using Lumos.Core;
using Lumos.Zones.Config;

namespace Lumos.Vm.Receive;

/// <summary>
/// What a zone's configuration says of a VM that is being received: the attr <see cref="Name"/>, there from the first byte until it
/// is installed. While it is there the VM's state is <c>receiving</c>, and its zone is configured, never booted.
/// </summary>
/// <param name="Complete">A stream came to its end and was found whole; without it, there is something to resume.</param>
/// <param name="Boots">It ran where it came from.</param>
/// <param name="Final">The snapshot that the last stream was of.</param>
/// <param name="At">Guid of the snapshot that is under way; null: none.</param>
public sealed record ReceiveMark(bool Complete, bool Boots, string Final, string? At)
{
    public const string Name = "receiving";

    /// <summary>Null: the VM is not one that is being received.</summary>
    public static ReceiveMark? Of(ZoneConfig? config) => config?.Attr(Name) is { } text ? Parse(text) : null;

    public static ReceiveMark Parse(string text) => text.Split(' ') is [var done, var boots, var final, .. var rest]
        ? new ReceiveMark(done == "complete", boots == "boots", final, rest is [var at] ? at : null)
        // Of another version, or by hand: enough to keep it from being taken for a whole VM.
        : new ReceiveMark(false, false, "", null);

    public ZoneConfig PutOn(ZoneConfig config) => config.WithAttr(Name, ToString());

    public override string ToString() =>
        $"{(Complete ? "complete" : "partial")} {(Boots ? "boots" : "stays")} {Final}{(At is null ? "" : " " + At)}";
}
