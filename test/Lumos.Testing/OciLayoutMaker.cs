using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Lumos.Testing;

/// <summary>A layer of a test's image: entries in their order, packed.</summary>
public sealed class TestLayer
{
    private readonly List<TarEntry> _entries = [];

    /// <summary>none or gzip.</summary>
    public string Compression { get; init; } = "gzip";

    /// <summary>What it is packed, whatever its entries; null: they are packed.</summary>
    public byte[]? Raw { get; init; }

    public TestLayer Folder(string name, int mode = 0b111_101_101) => Add(new PaxTarEntry(TarEntryType.Directory, name) { Mode = (UnixFileMode)mode });

    public TestLayer File(string name, string content = "", int mode = 0b110_100_100, int user = 0) => File(name, Encoding.UTF8.GetBytes(content), mode, user);

    public TestLayer File(string name, byte[] content, int mode = 0b110_100_100, int user = 0) =>
        Add(new PaxTarEntry(TarEntryType.RegularFile, name) { Mode = (UnixFileMode)mode, DataStream = new MemoryStream(content), Uid = user, Gid = user });

    /// <summary>A file with an access list, as text.</summary>
    public TestLayer Shared(string name, string accessList) =>
        Add(new PaxTarEntry(TarEntryType.RegularFile, name, [new("SCHILY.acl.access", accessList)]) { Mode = (UnixFileMode)0b110_100_000, DataStream = new MemoryStream() });

    public TestLayer Link(string name, string target) => Add(new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = target });

    public TestLayer HardLink(string name, string target) => Add(new PaxTarEntry(TarEntryType.HardLink, name) { LinkName = target });

    /// <summary>Takes a name of the layers below away.</summary>
    public TestLayer Whiteout(string name) => File($"{Path.GetDirectoryName(name)}/.wh.{Path.GetFileName(name)}".TrimStart('/'));

    /// <summary>Takes away what the layers below have in a folder.</summary>
    public TestLayer Opaque(string folder) => File($"{folder}/.wh..wh..opq");

    /// <summary>The archive as it is, unpacked.</summary>
    public byte[] Tar()
    {
        using var memory = new MemoryStream();
        using (var writer = new TarWriter(memory, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var entry in _entries)
            {
                entry.ModificationTime = DateTimeOffset.UnixEpoch;
                entry.DataStream?.Seek(0, SeekOrigin.Begin);
                writer.WriteEntry(entry);
            }
        }
        return memory.ToArray();
    }

    internal byte[] Packed(byte[] tar)
    {
        if (Raw is not null || Compression == "none")
        {
            return Raw ?? tar;
        }
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(tar);
        }
        return memory.ToArray();
    }

    private TestLayer Add(TarEntry entry)
    {
        _entries.Add(entry);
        return this;
    }
}

/// <summary>A folder laid out as the OCI says, which a test fills with images.</summary>
public sealed class OciLayoutMaker
{
    public OciLayoutMaker(string folder)
    {
        Folder = folder;
        Directory.CreateDirectory(Path.Combine(folder, "blobs", "sha256"));
        File.WriteAllText(Path.Combine(folder, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        Write([]);
    }

    public string Folder { get; }

    /// <summary>Puts an image in; returns the digests of its layers as they lie there, lowest first.</summary>
    /// <param name="tag">Null: none.</param>
    /// <param name="run">The member "config" of its configuration.</param>
    public IReadOnlyList<string> Image(string? tag, JsonObject run, params IReadOnlyList<TestLayer> layers) => Image(tag, run, "amd64", layers);

    /// <inheritdoc cref="Image(string?, JsonObject, IReadOnlyList{TestLayer})"/>
    public IReadOnlyList<string> Image(string? tag, JsonObject run, string architecture, params IReadOnlyList<TestLayer> layers)
    {
        var digests = new List<string>();
        var diffIds = new JsonArray();
        var descriptors = new JsonArray();
        foreach (var layer in layers)
        {
            byte[] tar = layer.Tar(), packed = layer.Packed(tar);
            diffIds.Add((JsonNode)Digest(tar));
            digests.Add(Blob(packed));
            descriptors.Add((JsonNode)Descriptor($"application/vnd.oci.image.layer.v1.tar{(layer.Compression == "none" ? "" : "+" + layer.Compression)}", packed));
        }
        byte[] config = Json(new JsonObject
        {
            ["created"] = "2026-11-20T10:00:00Z", ["architecture"] = architecture, ["os"] = "linux", ["config"] = run.DeepClone(),
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = diffIds },
            ["history"] = new JsonArray([.. layers.Select((_, i) => (JsonNode)new JsonObject { ["created_by"] = $"step {i + 1}" })]),
        });
        Blob(config);
        byte[] manifest = Json(new JsonObject
        {
            ["schemaVersion"] = 2, ["mediaType"] = "application/vnd.oci.image.manifest.v1+json",
            ["config"] = Descriptor("application/vnd.oci.image.config.v1+json", config), ["layers"] = descriptors,
        });
        Blob(manifest);
        Enter(manifest, "application/vnd.oci.image.manifest.v1+json", tag, architecture);
        return digests;
    }

    /// <summary>Where a blob lies.</summary>
    public string PathOf(string digest) => Path.Combine(Folder, "blobs", "sha256", digest["sha256:".Length..]);

    /// <summary>Puts any blob in; returns its digest.</summary>
    public string Blob(byte[] bytes)
    {
        File.WriteAllBytes(PathOf(Digest(bytes)), bytes);
        return Digest(bytes);
    }

    public static string Digest(byte[] bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>The index as it is.</summary>
    public JsonObject Index => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "index.json")))!.AsObject();

    public static JsonObject Descriptor(string type, byte[] bytes) => new() { ["mediaType"] = type, ["digest"] = Digest(bytes), ["size"] = bytes.Length };

    private void Enter(byte[] manifest, string type, string? tag, string architecture)
    {
        var entry = Descriptor(type, manifest);
        entry["platform"] = new JsonObject { ["os"] = "linux", ["architecture"] = architecture };
        if (tag is not null)
        {
            entry["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = tag };
        }
        Write([.. Index["manifests"]!.AsArray().Select(m => m!.DeepClone()), entry]);
    }

    private void Write(JsonArray manifests) =>
        File.WriteAllBytes(Path.Combine(Folder, "index.json"), Json(new JsonObject { ["schemaVersion"] = 2, ["manifests"] = manifests }));

    private static byte[] Json(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString());
}
