using Lumos.Core;

namespace Lumos.Images.Oci;

/// <summary>A place where images of the OCI are: a registry, a layout, an archive.</summary>
public interface IOciSource : IDisposable
{
    /// <summary>For messages and the record: docker.io/library/alpine:3.20, oci:/root/layout.</summary>
    string Whence { get; }

    /// <summary>Large blobs are copied into the folder of downloads first.</summary>
    bool Copies { get; }

    /// <summary>What stands for the name: a manifest or a list of them. Not verified but where the name has a digest.</summary>
    byte[] ReadRoot();

    /// <summary>A small blob whole, its digest and size verified.</summary>
    byte[] ReadSmall(OciDescriptor blob, bool isManifest);

    /// <summary>A large blob as a file, its digest and size verified.</summary>
    BlobFile Bring(OciDescriptor blob, Action<long> progress);
}

/// <summary>A blob in a file.</summary>
/// <param name="Fetched">It was made for us, and is to be removed once it has been used.</param>
public sealed record BlobFile(string Path, bool Fetched)
{
    /// <summary>What verification finds: the sentence and the code are the same everywhere.</summary>
    public static LumosException Mismatch(string whence, OciDescriptor blob, string found) =>
        new("DownloadError", $"{blob.Digest} from {whence} is not what its name says: {found}");
}
