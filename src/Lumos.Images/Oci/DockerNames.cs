using Lumos.Core;
using Lumos.Images.Store;

namespace Lumos.Images.Oci;

/// <summary>Names of registries that installed images have.</summary>
public static class DockerNames
{
    /// <summary>The image of that name; null: there is none, or it is no name.</summary>
    public static Uuid? Find(ImageStore store, string text)
    {
        OciReference reference;
        try
        {
            reference = OciReference.Parse(text.StartsWith("docker://", StringComparison.Ordinal) ? text[9..] : text);
        }
        catch (LumosException)
        {
            return null;
        }
        return store.List().FirstOrDefault(image => Fits(image, reference))?.Uuid;
    }

    private static bool Fits(InstalledImage image, OciReference reference) =>
        DockerManifest.TagOf(image.Manifest, DockerManifest.Repo) == reference.Name
        && (reference.Digest is { } digest
            ? DockerManifest.TagOf(image.Manifest, DockerManifest.ManifestId) == digest.ToString()
            : DockerManifest.TagsOf(image.Manifest?["tags"]).Contains(reference.Tag));
}
