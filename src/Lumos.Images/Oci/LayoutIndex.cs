using Lumos.Core;

namespace Lumos.Images.Oci;

/// <summary>What index.json of a layout has for a tag. Pure.</summary>
internal static class LayoutIndex
{
    /// <exception cref="LumosException">ImageNotFound, InvalidImage</exception>
    public static OciDescriptor Choose(byte[] index, string? tag, string whence)
    {
        if (OciManifest.Parse(index, $"index.json of {whence}") is not OciManifest.List { Manifests: var all })
        {
            throw OciJson.Fault($"index.json of {whence}", "it is no list of manifests");
        }
        string tags = string.Join(", ", all.Select(m => m.RefName ?? "one without a tag").Distinct().Take(12));
        if (tag is not null)
        {
            return all.LastOrDefault(m => m.RefName == tag)
                ?? throw new LumosException("ImageNotFound", $"{whence}: there is no tag {tag} ({(all.IsEmpty ? "there is nothing at all" : tags)})");
        }
        return all.Length switch
        {
            1 => all[0],
            0 => throw new LumosException("ImageNotFound", $"{whence} holds no image"),
            // Images of one tag for several platforms: the list as a whole is not a blob, so the machine's own is taken.
            _ when all.Select(m => m.RefName).Distinct().Count() == 1 && all.FirstOrDefault(m => m.Platform?.Fits(OciPlatform.OfMachine) == true) is { } own => own,
            _ => throw new LumosException("ImageNotFound", $"{whence} holds several images: say which ({tags})"),
        };
    }
}
