using Lumos.Core;

namespace Lumos.Images.Oci;

/// <summary>Where an image is and what it is called there, in the words of skopeo's and podman's transports.</summary>
public abstract record OciImageName
{
    /// <summary>[docker://]REFERENCE: in a registry.</summary>
    public sealed record Remote(OciReference Reference) : OciImageName
    {
        public override string ToString() => Reference.ToString();
    }

    /// <summary>oci:FOLDER[:TAG]: a folder laid out as the OCI says.</summary>
    public sealed record Layout(string Path, string? Tag) : OciImageName
    {
        public override string ToString() => $"oci:{Path}{(Tag is null ? "" : ":" + Tag)}";
    }

    /// <summary>oci-archive:FILE[:TAG]: such a folder as a tar archive.</summary>
    public sealed record LayoutArchive(string Path, string? Tag) : OciImageName
    {
        public override string ToString() => $"oci-archive:{Path}{(Tag is null ? "" : ":" + Tag)}";
    }

    /// <summary>docker-archive:FILE[:REFERENCE]: what docker save writes.</summary>
    public sealed record DockerArchive(string Path, OciReference? Reference) : OciImageName
    {
        public override string ToString() => $"docker-archive:{Path}{(Reference is null ? "" : ":" + Reference)}";
    }

    /// <exception cref="LumosException">InvalidReference</exception>
    public static OciImageName Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string transport = colon < 0 ? "" : text[..colon], rest = text[(colon + 1)..];
        switch (transport)
        {
            case "docker" when rest.StartsWith("//", StringComparison.Ordinal):
                return new Remote(OciReference.Parse(rest[2..]));
            case "oci" or "oci-archive":
                var (path, tag) = Split(text, rest);
                return transport == "oci" ? new Layout(path, tag) : new LayoutArchive(path, tag);
            case "docker-archive":
                (path, string? reference) = Split(text, rest);
                return new DockerArchive(path, reference is null ? null : OciReference.Parse(reference));
            case "dir" or "docker-daemon" or "containers-storage" or "ostree" or "sif" or "tarball" when rest.StartsWith('/') || rest.Contains(':'):
                throw new LumosException("InvalidReference",
                    $"\"{text}\": images come from a registry ([docker://]REFERENCE), oci:FOLDER, oci-archive:FILE or docker-archive:FILE, not from {transport}");
            default:
                return new Remote(OciReference.Parse(text));
        }
    }

    // The path ends at the first colon, as skopeo has it.
    private static (string Path, string? Name) Split(string text, string rest)
    {
        int colon = rest.IndexOf(':', StringComparison.Ordinal);
        string path = colon < 0 ? rest : rest[..colon];
        return path.Length > 0
            ? (path, colon < 0 ? null : rest[(colon + 1)..])
            : throw new LumosException("InvalidReference", $"\"{text}\" names no file");
    }
}
