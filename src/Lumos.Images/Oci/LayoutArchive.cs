using Lumos.Core;
using Lumos.Images.Store;

namespace Lumos.Images.Oci;

/// <summary>A layout of the OCI as a tar archive (oci-archive: of skopeo and podman).</summary>
public sealed class LayoutArchive : IOciSource
{
    private readonly string? _tag;
    private readonly TarContents _tar;
    private readonly BlobCache _cache;

    public LayoutArchive(string path, string? tag, ImagePaths paths, Action<string> warn, CancellationToken stop = default)
    {
        Whence = $"oci-archive:{path}{(tag is null ? "" : ":" + tag)}";
        _tag = tag;
        _cache = new BlobCache(paths, warn, stop);
        _tar = new TarContents(path, paths, stop);
    }

    public string Whence { get; }

    public bool Copies => true;

    public void Dispose() => _tar.Dispose();

    public byte[] ReadRoot() => ReadSmall(LayoutIndex.Choose(
        _tar.Read("index.json", OciJson.MaxBytes) ?? throw new LumosException("ImageNotFound", $"{Whence}: there is no index.json in it"), _tag, Whence), isManifest: true);

    public byte[] ReadSmall(OciDescriptor blob, bool isManifest) => ArchiveBlobs.ReadSmall(_tar, PathOf(blob), blob, Whence);

    public BlobFile Bring(OciDescriptor blob, Action<long> progress) => ArchiveBlobs.Bring(_tar, PathOf(blob), blob, _cache, Whence, progress);

    private static string PathOf(OciDescriptor blob) => $"blobs/{blob.Digest.Algorithm}/{blob.Digest.Digits}";
}
