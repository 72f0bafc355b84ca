using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Payload;

namespace Lumos.Vm.Disks;

/// <summary>One thing done to the volume of a disk.</summary>
public abstract record VolumeStep(DatasetName Dataset, string Does)
{
    public sealed record Make(DatasetName Name, long Bytes, bool Sparse, ImmutableSortedDictionary<string, string> Properties)
        : VolumeStep(Name, $"make volume {Name} of {Bytes} bytes{Shown(Properties)}");

    public sealed record CloneImage(SnapshotName Image, DatasetName Name, ImmutableSortedDictionary<string, string> Properties)
        : VolumeStep(Name, $"clone {Image} to {Name}{Shown(Properties)}");

    public sealed record Resize(DatasetName Name, long Bytes, long Before) : VolumeStep(Name, $"change the size of {Name} to {Bytes} bytes");

    public sealed record Set(DatasetName Name, ImmutableSortedDictionary<string, string> Properties, ImmutableSortedDictionary<string, string> Before)
        : VolumeStep(Name, $"set{Shown(Properties)} of {Name}");

    public sealed record Destroy(DatasetName Name) : VolumeStep(Name, $"destroy {Name}");

    private static string Shown(ImmutableSortedDictionary<string, string> properties) =>
        properties.IsEmpty ? "" : $" ({string.Join(' ', properties.Select(p => $"{p.Key}={p.Value}"))})";
}

/// <summary>What the storage has to do for the disks of a VM. Pure.</summary>
/// <param name="First">Before the configuration says so: these may be refused, and can be taken back.</param>
/// <param name="Last">After it: what is gone does not come back.</param>
public sealed record VolumeSteps(ImmutableArray<VolumeStep> First, ImmutableArray<VolumeStep> Last)
{
    public int Count => First.Length + Last.Length;

    /// <summary>Makes a disk.</summary>
    /// <param name="disk">Settled and checked.</param>
    /// <param name="dataset">Its dataset.</param>
    /// <param name="image">What it is a clone of; null: of nothing.</param>
    /// <param name="volumesAreFiles">No space can be held back.</param>
    public static IEnumerable<VolumeStep> Making(JsonObject disk, DatasetName dataset, SnapshotName? image, bool volumesAreFiles)
    {
        long size = DiskRules.Bytes(disk), held = DiskRules.Mebibytes(disk, "refreservation") << 20;
        var properties = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);
        if (disk["compression"] is { } compression)
        {
            properties = properties.Add("compression", JsonText.Plain(compression));
        }
        if (image is null)
        {
            if (disk["block_size"] is { } block)
            {
                properties = properties.Add("volblocksize", JsonText.Plain(block));
            }
            // What ZFS holds back by itself is more than the size: its own bookkeeping, too.
            bool says = held > 0 && !(volumesAreFiles && held == size);
            yield return new VolumeStep.Make(dataset, size, Sparse: held == 0, says ? properties.Add("refreservation", Text(held)) : properties);
            yield break;
        }
        long whole = DiskRules.Mebibytes(disk, "image_size") << 20;
        bool grows = whole > 0 && size > whole;
        yield return new VolumeStep.CloneImage(image, dataset, held > 0 && !grows ? properties.Add("refreservation", Text(held)) : properties);
        if (grows)
        {
            yield return new VolumeStep.Resize(dataset, size, whole);
            if (held > 0)
            {
                yield return new VolumeStep.Set(dataset, One("refreservation", held), One("refreservation", 0));
            }
        }
    }

    /// <summary>From one configuration to another.</summary>
    /// <param name="before">The VM as it is.</param>
    /// <param name="after">As it is to be.</param>
    /// <param name="image">The snapshot that a new disk is a clone of.</param>
    /// <param name="volumesAreFiles">No space can be held back.</param>
    public static VolumeSteps Between(VmSpec before, VmSpec after, Func<JsonObject, SnapshotName> image, bool volumesAreFiles)
    {
        var first = ImmutableArray.CreateBuilder<VolumeStep>();
        var last = ImmutableArray.CreateBuilder<VolumeStep>();
        var old = before.Disks.ToDictionary(disk => JsonText.Plain(disk["path"]), StringComparer.Ordinal);
        foreach (var disk in after.Disks)
        {
            if (DiskRules.OwnDataset(disk, after) is not { } name)
            {
                continue;
            }
            var dataset = DatasetName.Parse(name);
            if (!old.TryGetValue(JsonText.Plain(disk["path"]), out var was))
            {
                first.AddRange(Making(disk, dataset, disk["image_uuid"] is null ? null : image(disk), volumesAreFiles));
                continue;
            }
            long size = DiskRules.Bytes(disk), whole = DiskRules.Bytes(was);
            if (size > whole && whole > 0)
            {
                first.Add(new VolumeStep.Resize(dataset, size, whole));
            }
            var (now, then) = (Settings(disk), Settings(was));
            var changed = now.Where(p => then.GetValueOrDefault(p.Key) != p.Value).ToImmutableSortedDictionary(StringComparer.Ordinal);
            if (!changed.IsEmpty)
            {
                first.Add(new VolumeStep.Set(dataset, changed, then.Where(p => changed.ContainsKey(p.Key)).ToImmutableSortedDictionary(StringComparer.Ordinal)));
            }
            if (size < whole && size > 0)
            {
                last.Add(new VolumeStep.Resize(dataset, size, whole));
            }
        }
        var kept = after.Disks.Select(disk => JsonText.Plain(disk["path"])).ToHashSet();
        last.AddRange(before.Disks.Where(disk => !kept.Contains(JsonText.Plain(disk["path"]))).Select(disk => DiskRules.OwnDataset(disk, before)).OfType<string>()
            .Select(name => new VolumeStep.Destroy(DatasetName.Parse(name))));
        return new VolumeSteps(first.ToImmutable(), last.ToImmutable());
    }

    private static Dictionary<string, string> Settings(JsonObject disk)
    {
        var settings = new Dictionary<string, string>();
        if (disk["compression"] is { } compression)
        {
            settings["compression"] = JsonText.Plain(compression);
        }
        if (disk["refreservation"] is not null)
        {
            settings["refreservation"] = Text(DiskRules.Mebibytes(disk, "refreservation") << 20);
        }
        return settings;
    }

    private static ImmutableSortedDictionary<string, string> One(string name, long value) =>
        ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal).Add(name, Text(value));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
