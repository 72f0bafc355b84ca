using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Images.Oci;

/// <summary>
/// What a registry or a layout answers for a name: an image (OCI's manifest, docker's schema 2) or a list of images for several
/// platforms. Which it is, is told by what is in it: servers say it in a header too, which proves nothing.
/// </summary>
public abstract record OciManifest
{
    /// <summary>More layers than docker can stack make no sense.</summary>
    public const int MostLayers = 127;

    /// <summary>As a registry is asked for them; schema 1, which has no digest of its configuration, is not among them.</summary>
    public const string Accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
        + "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

    public sealed record Image(OciDescriptor Config, ImmutableArray<OciDescriptor> Layers) : OciManifest;

    public sealed record List(ImmutableArray<OciDescriptor> Manifests) : OciManifest;

    /// <param name="what">For messages: "the manifest of alpine:3.20".</param>
    /// <exception cref="LumosException">InvalidImage, NotSupported</exception>
    public static OciManifest Parse(ReadOnlySpan<byte> bytes, string what)
    {
        var json = OciJson.Object(bytes, what);
        if (json["schemaVersion"] is JsonValue version && version.TryGetValue(out int number) && number == 1)
        {
            throw new LumosException("NotSupported", $"{what} is of docker's schema 1, which has no digests of what is in the image; push it anew with a docker of this decade");
        }
        if (json["manifests"] is JsonArray list)
        {
            return new List(All(list, what, "manifests"));
        }
        if (json["layers"] is not JsonArray layers || OciDescriptor.From(json["config"]) is not { } config)
        {
            throw OciJson.Fault(what, "it names neither config and layers nor manifests");
        }
        if (config.MediaType is not ("application/vnd.oci.image.config.v1+json" or "application/vnd.docker.container.image.v1+json" or ""))
        {
            throw new LumosException("NotSupported", $"{what} is that of an artifact ({config.MediaType}), not of an image");
        }
        if (config.Size > OciJson.MaxBytes)
        {
            throw OciJson.Fault(what, $"its configuration is to have {config.Size} bytes");
        }
        var all = All(layers, what, "layers");
        return all.Length is > 0 and <= MostLayers
            ? new Image(config, all)
            : throw OciJson.Fault(what, $"it has {all.Length} layers instead of 1 to {MostLayers}");
    }

    private static ImmutableArray<OciDescriptor> All(JsonArray list, string what, string where) =>
        [.. list.Select((item, i) => OciDescriptor.From(item) ?? throw OciJson.Fault(what, $"{where}[{i}] has no digest or size"))];
}
