using System.Text;
using System.Text.Json.Nodes;
using Lumos.Images.Model;

namespace Lumos.Imgapi.Model;

/// <summary>A file of the store, with everything that was found out about it while it came.</summary>
/// <param name="Sha256">Its name in the store.</param>
/// <param name="Md5">In base64, as the header Content-MD5 has it.</param>
public sealed record StoredFile(string Sha256, string Sha1, string Md5, long Size)
{
    /// <summary>Found out only for those who have something to hold it against; not kept.</summary>
    public string? Sha512 { get; init; }
}

/// <summary>What an image's file has to be: what its manifest, or the request, said before it came. Null: not said.</summary>
public sealed record ExpectedFile(long? Size, string? Sha1, string? Sha256)
{
    public static readonly ExpectedFile Anything = new(null, null, null);

    public string? Sha512 { get; private init; }

    /// <summary>All that the manifest said of it, as JSON; null: nothing.</summary>
    public string? Said { get; private init; }

    /// <summary>From the object in a manifest's "files"; null: it has none.</summary>
    public static ExpectedFile Of(JsonObject? file)
    {
        if (file is null)
        {
            return Anything;
        }
        string? Text(string key) => file[key] is JsonValue v && v.TryGetValue(out string? text) ? text : null;
        string? Digest(string kind) => Text("digest") is { } digest && digest.StartsWith(kind, StringComparison.Ordinal) ? digest[kind.Length..] : null;
        return new ExpectedFile(
            file["size"] is JsonValue size && size.TryGetValue(out double bytes) ? (long)bytes : null, Text("sha1"), Text("sha256") ?? Digest("sha256:"))
        {
            Sha512 = Digest("sha512:"),
            Said = Encoding.UTF8.GetString(JsonPath.Compact(file)),
        };
    }

    /// <summary>Null: it is the one; else what is wrong, as the end of a sentence.</summary>
    public string? Fault(StoredFile file) =>
        Size is { } size && size != file.Size ? $"has {file.Size} bytes, not {size}"
        : Sha1 is { } sha1 && sha1 != file.Sha1 ? $"has the SHA-1 {file.Sha1}, not {sha1}"
        : Sha256 is { } sha256 && sha256 != file.Sha256 ? $"has the SHA-256 {file.Sha256}, not {sha256}"
        : Sha512 is { } sha512 && sha512 != file.Sha512 ? $"has the SHA-512 {file.Sha512}, not {sha512}"
        : null;
}
