using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Images.Files;

/// <summary>The manifest of an image that is made of a plain file, which says nothing of itself. A function of its arguments.</summary>
internal static class FileManifest
{
    /// <summary>UUIDs of images made of files are names in this space: of the file's sum, so that a file is one image wherever it is installed.</summary>
    private static readonly Uuid _space = Uuid.Parse("6c3f1d52-8a0b-5f0e-9d63-1f2a7e5b9c84");

    private static readonly string[] _endings =
        [".gz", ".xz", ".zst", ".zstd", ".bz2", ".tar", ".tgz", ".txz", ".tzst", ".tbz2", ".tbz", ".qcow2", ".qcow", ".raw", ".img", ".vmdk", ".vhdx", ".zfs", ".rootfs"];

    /// <param name="said">What the user says of it: goes before all else.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="sha256">Of the file as it is.</param>
    /// <param name="mebibytes">Of the volume it needs; null: it is no disk.</param>
    /// <param name="modified">When the file was written: it stands for when the image was published.</param>
    public static JsonObject Of(JsonObject said, FileFormat format, string name, string sha256, long? mebibytes, DateTimeOffset modified)
    {
        bool disk = FileFormats.IsDiskFormat(format);
        string type = Text(said["type"]) ?? (disk ? "zvol"
            : format == FileFormat.Tar ? "lx-dataset"
            : throw new UsageException($"{name} is {FileFormats.Describe(format)}, which does not say what image it is of; give -m MANIFEST or type=…"));
        var manifest = new JsonObject
        {
            ["v"] = 2,
            ["uuid"] = Uuid.FromName(_space, $"sha256:{sha256}").ToString(),
            ["name"] = Slug(name),
            ["version"] = sha256[..12],
            ["type"] = type,
            ["os"] = type switch { "zone-dataset" => "smartos", "lx-dataset" => "linux", _ => "other" },
            ["published_at"] = modified.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
        };
        if (type is "lx-dataset" or "zone-dataset")
        {
            manifest["requirements"] = new JsonObject { ["brand"] = type == "lx-dataset" ? "lx" : "joyent" };
        }
        if (disk)
        {
            manifest["image_size"] = mebibytes;
            manifest["nic_driver"] = "virtio";
            manifest["disk_driver"] = "virtio";
        }
        manifest["tags"] = new JsonObject { ["org.lumos:file"] = name, ["org.lumos:sha256"] = sha256 };
        foreach (var (key, value) in said)
        {
            manifest[key] = value?.DeepClone();
        }
        return manifest;
    }

    /// <summary>The file's name without what says of which kind it is, in the letters that an image's name may have.</summary>
    private static string Slug(string file)
    {
        string name = file;
        for (string? ending = name; ending is not null;)
        {
            ending = _endings.FirstOrDefault(e => name.Length > e.Length && name.EndsWith(e, StringComparison.OrdinalIgnoreCase));
            name = ending is null ? name : name[..^ending.Length];
        }
        return string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-'));
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
