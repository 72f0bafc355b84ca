using System.Security.Cryptography;
using Lumos.Core;
using Lumos.Images.Model;

namespace Lumos.Images.Import;

/// <summary>Whether a file is the one its manifest speaks of: its size, its SHA-1 and, where there are such, its SHA-256 and SHA-512.</summary>
internal static class ImageChecksum
{
    /// <summary>Null: it is; else what is wrong, as the end of a sentence.</summary>
    public static string? Fault(string path, ImageFile expected, Action<long, long>? progress = null)
    {
        if (new FileInfo(path).Length is var length && length != expected.Size)
        {
            return $"has {length} bytes, not {expected.Size}";
        }
        var found = Of(path, progress, expected.Sha256 is not null, expected.Sha512 is not null);
        return found.Size != expected.Size ? $"has {found.Size} bytes, not {expected.Size}"
            : found.Sha1 != expected.Sha1 ? $"has the SHA-1 {found.Sha1}, not {expected.Sha1}"
            : found.Sha256 != expected.Sha256 ? $"has the SHA-256 {found.Sha256}, not {expected.Sha256}"
            : found.Sha512 != expected.Sha512 ? $"has the SHA-512 {found.Sha512}, not {expected.Sha512}"
            : null;
    }

    /// <summary>What a manifest says of a file; nothing of how it is compressed.</summary>
    public static ImageFile Of(string path, Action<long, long>? progress = null, bool withSha256 = true, bool withSha512 = false)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
#pragma warning disable CA5350 // SHA-1 is what manifest v2 demands; one with a SHA-256 is checked by that too.
        using var sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        using var sha256 = withSha256 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        using var sha512 = withSha512 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA512) : null;
        var block = new byte[256 << 10];
        long done = 0;
        while (file.Read(block) is var got and > 0)
        {
            sha1.AppendData(block, 0, got);
            sha256?.AppendData(block, 0, got);
            sha512?.AppendData(block, 0, got);
            done += got;
            progress?.Invoke(done, file.Length);
        }
        return new ImageFile(
            done, Convert.ToHexStringLower(sha1.GetHashAndReset()), sha256 is null ? null : Convert.ToHexStringLower(sha256.GetHashAndReset()), null)
        {
            Sha512 = sha512 is null ? null : Convert.ToHexStringLower(sha512.GetHashAndReset()),
        };
    }

    /// <exception cref="LumosException">ChecksumMismatch.</exception>
    public static LumosException Mismatch(ImageManifest manifest, string path, string fault) =>
        new("ChecksumMismatch", $"{path} is not the file of image {manifest}: it {fault}");
}
