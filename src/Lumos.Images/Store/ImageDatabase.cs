using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Images.Model;
using Lumos.Linux;
using Lumos.Linux.Handles;

namespace Lumos.Images.Store;

/// <summary>
/// /var/imgadm/images/POOL-UUID.json: {manifest, zpool, source}, in SmartOS's format. A cache of what was known at import;
/// the datasets are the truth, and a file that is missing or damaged only makes the image nameless.
/// </summary>
public sealed class ImageDatabase(ImagePaths paths)
{
    /// <summary>Manifest and source of an installed image; null when nothing usable is recorded.</summary>
    public (ImageManifest Manifest, string? Source)? Find(string pool, Uuid uuid)
    {
        string path = FileOf(pool, uuid);
        try
        {
            // Without File, which locks what it reads: a listing reads a thousand of these.
            using var file = FileDescriptorIo.Open(path, OpenFlags.ReadOnly);
            // A record that names another image is as good as none: the file's name is what counts.
            return JsonPath.Parse(file.ReadToEnd()) is JsonObject record
                && ImageManifest.Owning(record["manifest"], path) is var manifest && manifest.Uuid == uuid
                ? (manifest, record["source"] is JsonValue v && v.TryGetValue(out string? source) ? source : null)
                : null;
        }
        catch (Exception e) when (e is ErrnoException { Errno: Errno.ENOENT or Errno.ENOTDIR } or JsonException or LumosException)
        {
            return null;
        }
    }

    public void Save(string pool, ImageManifest manifest, string? source)
    {
        Directory.CreateDirectory(paths.Database);
        var record = new JsonObject { ["manifest"] = manifest.ToJson(), ["zpool"] = pool };
        if (source is not null)
        {
            record["source"] = source;
        }
        AtomicFile.Write(FileOf(pool, manifest.Uuid), JsonPath.Pretty(record) + "\n");
    }

    public void Remove(string pool, Uuid uuid) => AtomicFile.Remove(FileOf(pool, uuid));

    private string FileOf(string pool, Uuid uuid) => Path.Combine(paths.Database, $"{pool}-{uuid}.json");
}
