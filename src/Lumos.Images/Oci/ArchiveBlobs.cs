using Lumos.Core;

namespace Lumos.Images.Oci;

/// <summary>Blobs that lie in a tar archive, verified as they are taken out of it.</summary>
internal static class ArchiveBlobs
{
    public static byte[] ReadSmall(TarContents tar, string name, OciDescriptor blob, string whence)
    {
        byte[] bytes = tar.Read(name, OciJson.MaxBytes) ?? throw new LumosException("ImageNotFound", $"{whence}: there is no {name} in it");
        using var hash = blob.Digest.Hash();
        hash.AppendData(bytes);
        return blob.Digest.Finish(hash) is var found && found != blob.Digest ? throw BlobFile.Mismatch(whence, blob, $"its digest is {found}")
            : bytes.Length != blob.Size ? throw BlobFile.Mismatch(whence, blob, $"it has {bytes.Length} bytes instead of {blob.Size}")
            : bytes;
    }

    public static BlobFile Bring(TarContents tar, string name, OciDescriptor blob, BlobCache cache, string whence, Action<long> progress)
    {
        if (tar.Length(name) is not { } length)
        {
            throw new LumosException("ImageNotFound", $"{whence}: there is no {name} in it");
        }
        if (length != blob.Size)
        {
            throw BlobFile.Mismatch(whence, blob, $"it has {length} bytes instead of {blob.Size}");
        }
        string path = cache.PathOf(blob.Digest);
        using var held = cache.Lock(blob.Digest);
        using var hash = blob.Digest.Hash();
        using (var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            tar.Read(name, block =>
            {
                hash.AppendData(block);
                file.Write(block);
                progress(file.Length);
            });
        }
        if (blob.Digest.Finish(hash) is var found && found != blob.Digest)
        {
            File.Delete(path);
            throw BlobFile.Mismatch(whence, blob, $"its digest is {found}");
        }
        return new BlobFile(path, Fetched: true);
    }
}
