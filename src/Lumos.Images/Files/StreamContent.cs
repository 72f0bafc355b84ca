using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Store;

namespace Lumos.Images.Files;

/// <summary>A stream of a dataset, which the storage receives. What it is, is for the storage to say.</summary>
internal sealed class StreamContent(ContentFile source, ImageStore store, ImportReport report) : ImageContent(source)
{
    /// <summary>
    /// What a stream may say of its dataset and a machine must not follow, though whoever made the image is nobody here: rooms that are kept
    /// or limited, what is mounted, shared, shown or run, and what we ourselves mark datasets with. How its blocks are written stays.
    /// </summary>
    private static readonly string[] NotTaken =
    [
        "reservation", "refreservation", "snapshot_limit", "readonly", "snapdev", "volmode",
        "copies", "dedup", "sync", "logbias", "checksum", "primarycache", "secondarycache", "redundant_metadata",
        ImageStore.IgnoreProperty, Drivers.Datasets.Delegation.ZfsDelegation.IdsProperty,
    ];

    // ZFS refuses a receive that is to leave out what a volume cannot have.
    private static readonly string[] NotTakenOfFileSystems =
    [
        "quota", "refquota", "filesystem_limit", "mountpoint", "canmount", "overlay", "zoned", "sharenfs", "sharesmb", "snapdir",
        "devices", "exec", "setuid", "acltype", "aclmode", "aclinherit", "nbmand", "vscan", "special_small_blocks",
    ];

    public override void Check(ImageManifest manifest)
    {
    }

    public override void Make(ImageManifest manifest, DatasetName partial, SnapshotName? origin)
    {
        var room = new PoolRoom(store, partial.Parent!.Value);
        using var receive = store.Datasets.OpenReceive(partial, new ReceiveOptions { Origin = origin, Without = [.. NotTaken, .. manifest.IsVolume ? [] : NotTakenOfFileSystems] });
        var block = new byte[256 << 10];
        long done = 0;
        while (Source.Read(block) is var got and > 0)
        {
            receive.Input.Write(block, 0, got);
            done += got;
            room.Took(got, $"image {manifest}");
            var (position, total) = Source.Progress(done);
            report.Bytes(position, total);
        }
        // Both ends are asked, the decompressor first: what it cut short must not be received as a whole.
        Source.Finish();
        receive.Finish();
    }
}
