using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Store;

namespace Lumos.Images.Files;

/// <summary>A stream of a dataset, which the storage receives. What it is, is for the storage to say.</summary>
internal sealed class StreamContent(ContentFile source, ImageStore store, ImportReport report) : ImageContent(source)
{
    public override void Check(ImageManifest manifest)
    {
    }

    public override void Make(ImageManifest manifest, DatasetName partial, SnapshotName? origin)
    {
        var room = new PoolRoom(store, partial.Parent!.Value);
        using var receive = store.Datasets.OpenReceive(partial, new ReceiveOptions { Origin = origin });
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
