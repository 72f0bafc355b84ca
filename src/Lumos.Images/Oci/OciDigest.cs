using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Lumos.Core;

namespace Lumos.Images.Oci;

/// <summary>The name of a blob by what is in it: ALGORITHM:DIGITS, sha256 or sha512.</summary>
public sealed record OciDigest
{
    private OciDigest(string algorithm, string digits)
    {
        Algorithm = algorithm;
        Digits = digits;
    }

    public string Algorithm { get; }

    /// <summary>Lower-case hexadecimal: nothing but these reaches a path or a URL.</summary>
    public string Digits { get; }

    /// <summary>As people see it: its first 12 digits.</summary>
    public string Short => Digits[..12];

    public static OciDigest Parse(string text) => TryParse(text, out var digest)
        ? digest
        : throw new LumosException("InvalidDigest", $"\"{text}\" is not a digest of the form sha256:DIGITS");

    public static bool TryParse(string? text, [NotNullWhen(true)] out OciDigest? digest)
    {
        digest = text?.Split(':') is [("sha256" or "sha512") and var algorithm, var digits] && digits.Length == (algorithm == "sha256" ? 64 : 128)
            && digits.All(c => char.IsAsciiDigit(c) || c is >= 'a' and <= 'f')
            ? new OciDigest(algorithm, digits)
            : null;
        return digest is not null;
    }

    /// <summary>The sha256 of bytes.</summary>
    public static OciDigest Of(ReadOnlySpan<byte> bytes) => new("sha256", Convert.ToHexStringLower(SHA256.HashData(bytes)));

    /// <summary>What hashes as this digest says.</summary>
    public IncrementalHash Hash() => IncrementalHash.CreateHash(Algorithm == "sha256" ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA512);

    /// <summary>The digest of the same algorithm that a hash has come to.</summary>
    public OciDigest Finish(IncrementalHash hash) => new(Algorithm, Convert.ToHexStringLower(hash.GetHashAndReset()));

    /// <summary>The digest of a file's bytes.</summary>
    public OciDigest OfFile(string path, Action<long>? progress = null)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        using var hash = Hash();
        byte[] block = new byte[256 << 10];
        long done = 0;
        while (file.Read(block) is var got and > 0)
        {
            hash.AppendData(block, 0, got);
            progress?.Invoke(done += got);
        }
        return Finish(hash);
    }

    public override string ToString() => $"{Algorithm}:{Digits}";
}
