using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Testing;

namespace Lumos.Images.Tests;

/// <summary>An image made for a test: a manifest and the stream that FakeDatasets understands, gzipped.</summary>
internal sealed class TestImage
{
    public TestImage(byte[] content, string name = "test", Uuid? origin = null, long guid = 0, long fromGuid = 0, string snapshot = "final", bool compress = true,
        IReadOnlyDictionary<string, string>? properties = null, string? volume = null)
    {
        Uuid = Uuid.New();
        Content = content;
        Guid = guid == 0 ? Random.Shared.NextInt64(1, long.MaxValue) : guid;
        byte[] stream = FakeStream.Encode(snapshot, Guid, fromGuid, volume, content, properties);
        File = compress ? Gzip(stream) : stream;
        Manifest = new JsonObject
        {
            ["v"] = 2,
            ["uuid"] = Uuid.ToString(),
            ["name"] = name,
            ["version"] = "1.0.0",
            ["type"] = "lx-dataset",
            ["os"] = "linux",
            ["state"] = "active",
            ["published_at"] = "2026-11-20T10:00:00Z",
            ["files"] = new JsonArray(new JsonObject
            {
                ["sha1"] = Convert.ToHexStringLower(SHA1.HashData(File)),
                ["size"] = File.Length,
                ["compression"] = compress ? "gzip" : "none",
            }),
        };
        if (volume is not null)
        {
            Manifest["type"] = "zvol";
            Manifest["image_size"] = 10;
            Manifest["nic_driver"] = "virtio";
            Manifest["disk_driver"] = "virtio";
        }
        if (origin is not null)
        {
            Manifest["origin"] = origin.ToString();
        }
    }

    public Uuid Uuid { get; }

    public byte[] Content { get; }

    public long Guid { get; }

    public byte[] File { get; }

    public JsonObject Manifest { get; }

    /// <summary>Writes NAME.json and NAME.zfs.gz.</summary>
    public TestImage Publish(string folder)
    {
        System.IO.File.WriteAllText(Path.Combine(folder, $"{Uuid}.json"), Manifest.ToJsonString());
        System.IO.File.WriteAllBytes(Path.Combine(folder, $"{Uuid}.zfs.gz"), File);
        return this;
    }

    public static byte[] Noise(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }
        return memory.ToArray();
    }
}

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("lumos-images-").FullName;

    public string this[string relative] => System.IO.Path.Combine(Path, relative);

    public string Make(string relative) => Directory.CreateDirectory(this[relative]).FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
