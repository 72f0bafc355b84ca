using System.Security.Cryptography;
using Lumos.Core;
using Lumos.Images.Model;

namespace Lumos.Images.Import;

/// <summary>Whether a file is the one its manifest speaks of: its size, its SHA-1 and, where there is one, its SHA-256.</summary>
internal static class ImageChecksum
{
    /// <summary>Null: it is; else what is wrong, as the end of a sentence.</summary>
    public static string? Fault(string path, ImageFile expected, Action<long, long>? progress = null)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
        if (file.Length != expected.Size)
        {
            return $"has {file.Length} bytes, not {expected.Size}";
        }
#pragma warning disable CA5350 // SHA-1 is what manifest v2 demands; one with a SHA-256 is checked by that too.
        using var sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        using var sha256 = expected.Sha256 is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[256 << 10];
        long done = 0;
        while (file.Read(block) is var got and > 0)
        {
            sha1.AppendData(block, 0, got);
            sha256?.AppendData(block, 0, got);
            done += got;
            progress?.Invoke(done, expected.Size);
        }
        return Convert.ToHexStringLower(sha1.GetHashAndReset()) is var s1 && s1 != expected.Sha1 ? $"has the SHA-1 {s1}, not {expected.Sha1}"
            : sha256 is not null && Convert.ToHexStringLower(sha256.GetHashAndReset()) is var s2 && s2 != expected.Sha256
                ? $"has the SHA-256 {s2}, not {expected.Sha256}"
            : null;
    }

    /// <exception cref="LumosException">ChecksumMismatch.</exception>
    public static LumosException Mismatch(ImageManifest manifest, string path, string fault) =>
        new("ChecksumMismatch", $"{path} is not the file of image {manifest}: it {fault}");
}
