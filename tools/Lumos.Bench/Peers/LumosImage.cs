using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lumos.Bench.Sandboxing;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.Btrfs;

namespace Lumos.Bench.Peers;

/// <summary>The common root as an image of LumOS: a manifest and a stream of a dataset, made in a pool that serves for nothing else.</summary>
internal static class LumosImage
{
    public static void Make(Arena arena, string uuid, string stream, string manifest)
    {
        const string MountPoint = "/run/bench-image";
        var pool = new BtrfsPool("seed", arena.FolderOnDisk("lumos-seed"), note: _ => { });
        pool.Adopt();
        pool.Open(mount: false);
        var dataset = DatasetName.Parse("seed/image");
        var snapshot = SnapshotName.Parse("seed/image@final");
        pool.Datasets.Create(dataset, new Dictionary<string, string> { ["mountpoint"] = MountPoint });
        string root = Directory.CreateDirectory(Path.Combine(MountPoint, "root")).FullName;
        arena.Commands.Run("tar", "-C", root, "-xf", arena.RootArchive);
        pool.Datasets.Snapshot(snapshot);
        using (var send = pool.Datasets.OpenSend(snapshot))
        using (var file = File.Create(stream))
        {
            send.Output.CopyTo(file);
            send.Finish();
        }
        pool.Datasets.Destroy(dataset, recursive: true);
        File.WriteAllText(manifest, Manifest(uuid, stream).ToJsonString());
    }

    private static JsonObject Manifest(string uuid, string stream)
    {
        using var file = File.OpenRead(stream);
        return new JsonObject
        {
            ["v"] = 2,
            ["uuid"] = uuid,
            ["owner"] = "00000000-0000-0000-0000-000000000000",
            ["name"] = "bench",
            ["version"] = "1",
            ["type"] = "lx-dataset",
            ["os"] = "linux",
            ["state"] = "active",
            ["disabled"] = false,
            ["public"] = true,
            ["published_at"] = "2026-11-20T00:00:00.000Z",
            ["tags"] = new JsonObject { ["kernel_version"] = "6.1.0" },
            // What imgadm compares: a check of transport, not of anybody's honesty.
            ["files"] = new JsonArray(new JsonObject { ["compression"] = "none", ["size"] = file.Length, ["sha1"] = Convert.ToHexStringLower(Sha1(file)) }),
        };
    }

#pragma warning disable CA5350 // the manifest's format names SHA-1
    private static byte[] Sha1(Stream file) => SHA1.HashData(file);
#pragma warning restore CA5350
}
