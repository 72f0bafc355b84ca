using Lumos.Core;
using Lumos.Images.Model;
using Lumos.Images.Store;

namespace Lumos.Images.Import;

/// <summary>requirements.min_platform and max_platform: {"7.0": "20141030T081701Z"}, by the rules of SmartOS's IMGAPI.</summary>
public static class PlatformRequirements
{
    /// <summary>The version of SmartOS's interfaces that this platform stands for; the key of the two tables.</summary>
    public const string SystemVersion = "7.0";

    /// <summary>Refuses an image that does not run on a platform of this stamp.</summary>
    /// <exception cref="LumosException">MinPlatform, MaxPlatform.</exception>
    public static void Check(ImageManifest manifest, string stamp)
    {
        var min = manifest.Requirements.MinPlatform;
        if (min.TryGetValue(SystemVersion, out string? oldest)
            ? string.CompareOrdinal(stamp, oldest) < 0
            : min.Count > 0 && string.CompareOrdinal(SystemVersion, min.Keys.Min(StringComparer.Ordinal)) < 0)
        {
            throw new LumosException("MinPlatform",
                $"image {manifest} needs platform {oldest ?? min.Keys.Min(StringComparer.Ordinal)} or later; this one is {stamp}");
        }
        var max = manifest.Requirements.MaxPlatform;
        if (max.TryGetValue(SystemVersion, out string? newest)
            ? string.CompareOrdinal(stamp, newest) > 0
            : max.Count > 0 && string.CompareOrdinal(SystemVersion, max.Keys.Max(StringComparer.Ordinal)) > 0)
        {
            throw new LumosException("MaxPlatform",
                $"image {manifest} needs platform {newest ?? max.Keys.Max(StringComparer.Ordinal)} or earlier; this one is {stamp}");
        }
    }

    /// <summary>Checks against the running platform; its stamp is read only when the image asks for one.</summary>
    internal static void CheckRunning(ImageManifest manifest, ImagePaths paths)
    {
        if (manifest.Requirements.MinPlatform.Count + manifest.Requirements.MaxPlatform.Count == 0)
        {
            return;
        }
        try
        {
            Check(manifest, File.ReadAllText(paths.PlatformStamp).Trim());
        }
        catch (IOException e)
        {
            throw new LumosException("PlatformUnknown",
                $"image {manifest} asks for certain platforms, and which one runs cannot be read", inner: e);
        }
    }
}
