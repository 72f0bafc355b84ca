using System.Collections.Concurrent;
using System.Security.Cryptography;
using Lumos.Core;
using Lumos.Images.Model;

namespace Lumos.Images.Server;

/// <summary>What the folder offers: every valid manifest that has its stream beside it, of the size it says.</summary>
internal sealed class ImageCatalogue(string folder, Action<string> log)
{
    private static readonly string[] Endings = [".zfs.gz", ".zfs.xz", ".zfs.zst", ".zfs.bz2", ".zfs"];

    private readonly ConcurrentDictionary<(string Path, long Size, DateTime Time), string> _md5 = new();

    public sealed record Entry(ImageManifest Manifest, string StreamPath);

    /// <summary>Newest last, as IMGAPI lists.</summary>
    public IReadOnlyList<Entry> List()
    {
        var entries = new List<Entry>();
        foreach (string path in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            if (Read(path) is { } entry && entries.All(e => e.Manifest.Uuid != entry.Manifest.Uuid))
            {
                entries.Add(entry);
            }
        }
        return [.. entries.OrderBy(e => e.Manifest.PublishedAt, StringComparer.Ordinal)];
    }

    public Entry? Find(Uuid uuid) => List().FirstOrDefault(e => e.Manifest.Uuid == uuid);

    /// <summary>Base64 of the file's MD5, computed once for a file that does not change.</summary>
    public string Md5(FileStream file) =>
        _md5.GetOrAdd((file.Name, file.Length, File.GetLastWriteTimeUtc(file.Name)), _ =>
        {
#pragma warning disable CA5351 // IMGAPI's Content-MD5 finds damage on the way; trust rests on the manifest's checksums.
            string digest = Convert.ToBase64String(MD5.HashData(file));
#pragma warning restore CA5351
            file.Position = 0;
            return digest;
        });

    private Entry? Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > ImageManifest.MaxBytes)
            {
                log($"{path} is passed over: larger than {new ByteCount(ImageManifest.MaxBytes)}");
                return null;
            }
            var manifest = ImageManifest.Parse(File.ReadAllText(path), path);
            string stem = path[..^".json".Length];
            string? stream = Endings.Select(e => stem + e).FirstOrDefault(File.Exists);
            if (stream is null || manifest.File is not { } file)
            {
                log($"{path} is passed over: {(stream is null ? "no stream beside it" : "it names no file")}");
                return null;
            }
            long size = new FileInfo(stream).Length;
            if (size != file.Size)
            {
                log($"{path} is passed over: it says {file.Size} bytes, {stream} has {size}");
                return null;
            }
            return new Entry(manifest, stream);
        }
        catch (Exception e) when (e is IOException or LumosException or UnauthorizedAccessException)
        {
            log($"{path} is passed over: {LumosException.Describe(e)}");
            return null;
        }
    }
}
