using Lumos.Core;

namespace Lumos.Images.Oci;

/// <summary>
/// The name of an image in a registry, as docker has it: [HOST[:PORT]/]PATH[:TAG][@DIGEST]. Without a host it is docker.io's,
/// there without a folder library's; without tag and digest it is latest.
/// </summary>
/// <param name="Registry">HOST[:PORT]; docker.io for docker's own.</param>
/// <param name="Repository">library/alpine</param>
/// <param name="Tag">Null: the digest alone counts.</param>
/// <param name="Digest">Where given, it counts, and the tag is only a word.</param>
public sealed record OciReference(string Registry, string Repository, string? Tag, OciDigest? Digest)
{
    public const string DockerHub = "docker.io", DefaultTag = "latest";

    private const int LongestName = 255, LongestTag = 128;

    /// <summary>Where the registry of that name is asked.</summary>
    public string Host => Registry == DockerHub ? "registry-1.docker.io" : Registry;

    /// <summary>HOST/PATH, as the tag docker:repo of manifests has it.</summary>
    public string Name => $"{Registry}/{Repository}";

    /// <summary>What a registry is asked for.</summary>
    public string Wanted => Digest?.ToString() ?? Tag!;

    /// <exception cref="LumosException">InvalidReference</exception>
    public static OciReference Parse(string text)
    {
        LumosException Fault(string why) => new("InvalidReference", $"\"{text}\" is not the name of an image ([HOST[:PORT]/]PATH[:TAG][@sha256:DIGITS]): {why}");

        string rest = text;
        OciDigest? digest = null;
        if (rest.IndexOf('@', StringComparison.Ordinal) is var at and >= 0)
        {
            if (!OciDigest.TryParse(rest[(at + 1)..], out digest))
            {
                throw Fault("what follows @ is no digest");
            }
            rest = rest[..at];
        }
        string? tag = null;
        if (rest.LastIndexOf(':') is var colon and >= 0 && rest.IndexOf('/', colon) < 0)
        {
            tag = rest[(colon + 1)..];
            rest = rest[..colon];
            if (!IsTag(tag))
            {
                throw Fault($"\"{tag}\" is not a tag");
            }
        }
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        string first = slash < 0 ? "" : rest[..slash];
        bool hasHost = first.Length > 0 && (first == "localhost" || first.AsSpan().ContainsAny('.', ':', '[') || first.Any(char.IsAsciiLetterUpper));
        string registry = hasHost ? first.ToLowerInvariant() : DockerHub;
        string path = hasHost ? rest[(slash + 1)..] : rest;
        if (registry is "index.docker.io" or "registry-1.docker.io")
        {
            registry = DockerHub;
        }
        if (hasHost && !IsHost(registry))
        {
            throw Fault($"\"{first}\" is not a host");
        }
        if (path.Length == 0 || registry.Length + path.Length >= LongestName || !path.Split('/').All(IsPart))
        {
            throw Fault(path.Any(char.IsAsciiLetterUpper) ? "its path has upper-case letters" : $"\"{path}\" is not a path of lower-case words");
        }
        if (registry == DockerHub && !path.Contains('/'))
        {
            path = "library/" + path;
        }
        return new OciReference(registry, path, tag ?? (digest is null ? DefaultTag : null), digest);
    }

    /// <summary>As people write it, docker.io and library left out.</summary>
    public override string ToString()
    {
        string name = Registry != DockerHub ? Name : Repository.StartsWith("library/", StringComparison.Ordinal) ? Repository[8..] : Repository;
        return $"{name}{(Tag is null ? "" : ":" + Tag)}{(Digest is null ? "" : "@" + Digest)}";
    }

    internal static bool IsTag(string text) => text.Length is > 0 and <= LongestTag && (char.IsAsciiLetterOrDigit(text[0]) || text[0] == '_')
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');

    // NAME, address, or address of version 6 in brackets, each with a port or without.
    private static bool IsHost(string text) =>
        Uri.TryCreate($"https://{text}/", UriKind.Absolute, out var uri) && uri.UserInfo.Length == 0 && uri.AbsolutePath == "/" && uri.Query.Length == 0
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or ':' or '[' or ']');

    // Words of letters and digits, joined by one dot, one or two underscores, or dashes.
    private static bool IsPart(string part)
    {
        bool inWord = false;
        for (int i = 0; i < part.Length;)
        {
            if (char.IsAsciiLetterLower(part[i]) || char.IsAsciiDigit(part[i]))
            {
                inWord = true;
                i++;
                continue;
            }
            int end = i;
            while (end < part.Length && part[end] == part[i])
            {
                end++;
            }
            bool joins = part[i] switch { '.' => end - i == 1, '_' => end - i <= 2, '-' => true, _ => false };
            if (!inWord || !joins || end == part.Length || !(char.IsAsciiLetterLower(part[end]) || char.IsAsciiDigit(part[end])))
            {
                return false;
            }
            i = end;
        }
        return inWord;
    }
}
