using System.Collections.Immutable;
using Lumos.Core;

namespace Lumos.Images.Oci;

/// <summary>An image as it is to be imported: everything but the bytes of its layers is here, and verified.</summary>
public sealed record OciImage
{
    private const int DeepestList = 2;

    public required OciDigest ManifestDigest { get; init; }

    public required OciDigest ConfigDigest { get; init; }

    public required OciImageConfig Config { get; init; }

    /// <summary>Lowest first.</summary>
    public required ImmutableArray<OciDescriptor> Layers { get; init; }

    /// <summary>Asks a source for the image of this machine's platform.</summary>
    /// <exception cref="LumosException">InvalidImage, PlatformNotFound, or what the source says.</exception>
    public static OciImage Find(IOciSource source, OciPlatform machine)
    {
        byte[] bytes = source.ReadRoot();
        for (int depth = 0; ; depth++)
        {
            switch (OciManifest.Parse(bytes, $"the manifest of {source.Whence}"))
            {
                case OciManifest.Image image:
                    return Read(source, OciDigest.Of(bytes), image, machine);
                case OciManifest.List list when depth < DeepestList:
                    bytes = source.ReadSmall(Choose(source.Whence, list, machine), isManifest: true);
                    break;
                default:
                    throw OciJson.Fault($"the manifest of {source.Whence}", "it is a list of lists of lists");
            }
        }
    }

    private static OciDescriptor Choose(string whence, OciManifest.List list, OciPlatform machine)
    {
        // A list of one whose platform is not said is that image, as layouts have it.
        if (list.Manifests is [{ Platform: null } only])
        {
            return only;
        }
        return list.Manifests.FirstOrDefault(m => m.Platform?.Fits(machine) == true)
            ?? throw new LumosException("PlatformNotFound", $"{whence} has no image for {machine}, only for "
                + string.Join(", ", list.Manifests.Select(m => m.Platform?.ToString() ?? "an unknown platform").Distinct().Take(12)));
    }

    private static OciImage Read(IOciSource source, OciDigest digest, OciManifest.Image manifest, OciPlatform machine)
    {
        var config = OciImageConfig.Parse(source.ReadSmall(manifest.Config, isManifest: false), $"the configuration of {source.Whence}");
        if (!config.Platform.Fits(machine))
        {
            throw new LumosException("PlatformNotFound", $"{source.Whence} is an image for {config.Platform}; this machine is {machine}");
        }
        if (config.DiffIds.Length != manifest.Layers.Length)
        {
            throw OciJson.Fault($"the configuration of {source.Whence}", $"it knows {config.DiffIds.Length} layers, the manifest {manifest.Layers.Length}");
        }
        return new OciImage { ManifestDigest = digest, ConfigDigest = manifest.Config.Digest, Config = config, Layers = manifest.Layers };
    }
}
