using System.Diagnostics.CodeAnalysis;
using Lumos.Core;
using Lumos.Drivers.Datasets;

namespace Lumos.Zones.Checkpoints;

/// <summary>
/// What a user calls a snapshot of a VM: at most 64 of A-Z a-z 0-9 - _ . : %. Its datasets' snapshots bear it behind "vmsnap-",
/// so that those of others (an image's @final, a backup's) are never taken for a VM's. ZFS wants no % in a name and we want
/// no space, so the one stands for the other there.
/// </summary>
public sealed record SnapshotLabel
{
    public const int MaxLength = 64;

    private const string Prefix = "vmsnap-";

    private SnapshotLabel(string text) => Text = text;

    public string Text { get; }

    /// <summary>The snapshot of one dataset.</summary>
    public SnapshotName Of(DatasetName dataset) => dataset.At(Prefix + Text.Replace('%', ' '));

    /// <exception cref="LumosException">InvalidSnapshotName.</exception>
    public static SnapshotLabel Parse(string text) => IsValid(text)
        ? new SnapshotLabel(text)
        : throw new LumosException("InvalidSnapshotName",
            $"Invalid snapshot name \"{text}\": it is at most {MaxLength} of the characters A-Z a-z 0-9 - _ . : %");

    /// <summary>The name of a dataset's snapshot; false: it is none of a VM.</summary>
    public static bool TryOf(SnapshotName snapshot, [NotNullWhen(true)] out SnapshotLabel? label)
    {
        label = snapshot.Name.StartsWith(Prefix, StringComparison.Ordinal) && snapshot.Name[Prefix.Length..].Replace(' ', '%') is var text && IsValid(text)
            ? new SnapshotLabel(text)
            : null;
        return label is not null;
    }

    public override string ToString() => Text;

    /// <summary>Whether a user may call a snapshot so.</summary>
    public static bool IsValid(string text) => text.Length is > 0 and <= MaxLength
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or '%');
}
