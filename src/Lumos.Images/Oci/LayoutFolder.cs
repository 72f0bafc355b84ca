using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;

namespace Lumos.Images.Oci;

/// <summary>
/// A folder laid out as the OCI says: oci-layout, index.json, blobs/ALGORITHM/DIGITS. Names in it are digests, so none leads anywhere
/// else; and what they lead to is read through <see cref="RootedDirectory"/> and has to be a plain file.
/// </summary>
public sealed class LayoutFolder(string path, string? tag) : IOciSource
{
    private readonly RootedDirectory _root = Open(path);

    public string Whence => $"oci:{path}{(tag is null ? "" : ":" + tag)}";

    public bool Copies => false;

    public void Dispose() => _root.Dispose();

    public byte[] ReadRoot() => ReadSmall(LayoutIndex.Choose(Read("index.json"), tag, Whence), isManifest: true);

    public byte[] ReadSmall(OciDescriptor blob, bool isManifest)
    {
        byte[] bytes = Read(PathOf(blob.Digest));
        using var hash = blob.Digest.Hash();
        hash.AppendData(bytes);
        return blob.Digest.Finish(hash) is var found && found != blob.Digest ? throw BlobFile.Mismatch(Whence, blob, $"its digest is {found}")
            : bytes.Length != blob.Size ? throw BlobFile.Mismatch(Whence, blob, $"it has {bytes.Length} bytes instead of {blob.Size}")
            : bytes;
    }

    public BlobFile Bring(OciDescriptor blob, Action<long> progress)
    {
        RequireFile(PathOf(blob.Digest));
        string file = Path.Combine(Path.GetFullPath(path), PathOf(blob.Digest));
        return BlobCache.Fault(file, blob, progress) is { } fault ? throw BlobFile.Mismatch(Whence, blob, fault) : new BlobFile(file, Fetched: false);
    }

    private static string PathOf(OciDigest digest) => $"blobs/{digest.Algorithm}/{digest.Digits}";

    private byte[] Read(string file)
    {
        RequireFile(file);
        return _root.Read(file, OciJson.MaxBytes);
    }

    // A fifo would have us wait for ever.
    private void RequireFile(string file)
    {
        if (_root.Status(file) is not { } status)
        {
            throw new LumosException("ImageNotFound", $"{Whence}: there is no {file} in it");
        }
        if (status.Kind != FileKind.Regular)
        {
            throw new LumosException("InvalidImage", $"{Whence}: {file} is no plain file");
        }
        if (file == "index.json" && status.Size > OciJson.MaxBytes)
        {
            throw new LumosException("InvalidImage", $"{Whence}: {file} is too large");
        }
    }

    private static RootedDirectory Open(string path)
    {
        try
        {
            return RootedDirectory.Open(Path.GetFullPath(path));
        }
        catch (ErrnoException e)
        {
            throw new LumosException("FileNotFound", $"there is no folder {path} that can be read{(File.Exists(path) ? $"; of an archive it would be oci-archive:{path}" : "")}", inner: e);
        }
    }
}
