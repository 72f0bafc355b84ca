using Lumos.Core;
using Lumos.Drivers.Fetch;
using Lumos.Images.Sources;
using Lumos.Images.Store;

namespace Lumos.Images.Oci;

/// <summary>From a name to the place where the image is.</summary>
public static class OciSources
{
    /// <param name="sources">Those of type docker say how their registries are reached.</param>
    /// <param name="reference">What the image is called from now on; null: nothing.</param>
    public static IOciSource Open(
        OciImageName name, IReadOnlyList<ImageSource> sources, FetchOptions options, ImagePaths paths, Action<string> warn, out OciReference? reference)
    {
        switch (name)
        {
            case OciImageName.Remote(var remote):
                reference = remote;
                return new RegistryClient(remote, AccessTo(remote, sources), options, paths, warn);
            case OciImageName.Layout(var path, var tag):
                reference = Named(tag);
                return new LayoutFolder(path, tag);
            case OciImageName.LayoutArchive(var path, var tag):
                reference = Named(tag);
                return new LayoutArchive(path, tag, paths, warn, options.Stop);
            case OciImageName.DockerArchive(var path, var wanted):
                var archive = new DockerArchive(path, wanted, paths, warn, options.Stop);
                reference = archive.Reference;
                return archive;
            default:
                throw new InvalidOperationException($"no such name: {name.GetType().Name}");
        }
    }

    /// <summary>The registry of a source of type docker, as a client that can be asked whether it answers.</summary>
    public static RegistryClient Registry(ImageSource source, FetchOptions options, ImagePaths paths, Action<string> warn)
    {
        var uri = new Uri(source.Url);
        return new RegistryClient(OciReference.Parse($"{HostOf(uri)}/ping/ping"), new RegistryAccess(uri.Scheme, source.Insecure), options, paths, warn);
    }

    /// <summary>The same image at a registry that was named apart.</summary>
    public static OciReference At(ImageSource source, OciReference reference) =>
        HostOf(new Uri(source.Url)) is var host && host == reference.Registry ? reference
        // library/ is docker.io's own folder, which a name without one means there and nowhere else.
        : OciReference.Parse($"{host}/{(reference.Registry == OciReference.DockerHub && reference.Repository.StartsWith("library/", StringComparison.Ordinal) && host != OciReference.DockerHub ? reference.Repository[8..] : reference.Repository)}"
            + $"{(reference.Tag is null ? "" : ":" + reference.Tag)}{(reference.Digest is null ? "" : "@" + reference.Digest)}");

    private static RegistryAccess AccessTo(OciReference reference, IReadOnlyList<ImageSource> sources)
    {
        var source = sources.FirstOrDefault(s => s.Type == ImageSource.Docker && Uri.TryCreate(s.Url, UriKind.Absolute, out var uri)
            && HostOf(uri) is var host && (host == reference.Registry || (host is "index.docker.io" or "registry-1.docker.io" && reference.Registry == OciReference.DockerHub)));
        return source is null ? new RegistryAccess() : new RegistryAccess(new Uri(source.Url).Scheme, source.Insecure);
    }

    private static string HostOf(Uri uri) => uri.IsDefaultPort ? uri.Host : $"{uri.Host}:{uri.Port}";

    // A tag that is a whole name, as docker's buildx and podman write it, is the image's name; a mere word says nothing of a registry.
    private static OciReference? Named(string? tag)
    {
        try
        {
            return tag is not null && tag.AsSpan().ContainsAny('/', ':') ? OciReference.Parse(tag) : null;
        }
        catch (LumosException)
        {
            return null;
        }
    }
}
