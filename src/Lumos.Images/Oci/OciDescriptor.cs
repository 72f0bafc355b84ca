using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Lumos.Images.Oci;

/// <summary>What a manifest says of a blob.</summary>
/// <param name="MediaType">As it stands there; what the bytes say counts.</param>
/// <param name="Size">Bytes.</param>
public sealed record OciDescriptor(string MediaType, OciDigest Digest, long Size)
{
    /// <summary>Of a manifest in an index; null: not said.</summary>
    public OciPlatform? Platform { get; init; }

    /// <summary>Of a manifest in a layout's index: its tag there.</summary>
    public string? RefName { get; init; }

    /// <summary>Null: it is no descriptor.</summary>
    internal static OciDescriptor? From(JsonNode? node)
    {
        if (node is not JsonObject json || !OciDigest.TryParse(OciJson.Text(json["digest"]), out var digest) || OciJson.Size(json["size"]) is not { } size)
        {
            return null;
        }
        return new OciDescriptor(OciJson.Text(json["mediaType"]) ?? "", digest, size)
        {
            Platform = json["platform"] is JsonObject p && OciJson.Text(p["os"]) is { } os && OciJson.Text(p["architecture"]) is { } architecture
                ? new OciPlatform(os, architecture, OciJson.Text(p["variant"]))
                : null,
            RefName = json["annotations"] is JsonObject a ? OciJson.Text(a["org.opencontainers.image.ref.name"]) : null,
        };
    }
}

/// <summary>What an image runs on, in Go's words.</summary>
public sealed record OciPlatform(string Os, string Architecture, string? Variant = null)
{
    public static OciPlatform OfMachine { get; } = new("linux", RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    });

    /// <summary>It runs on a machine of the other kind.</summary>
    public bool Fits(OciPlatform machine) => Os == machine.Os && Architecture == machine.Architecture;

    public override string ToString() => $"{Os}/{Architecture}{(Variant is null ? "" : "/" + Variant)}";
}
