using Lumos.Core;
using Lumos.Images.Model;

namespace Lumos.Images.Publish;

/// <summary>The two files that imgadm publish is given.</summary>
internal static class PublishedFiles
{
    public static ImageManifest Read(string manifest, string file)
    {
        if (Existing(manifest).Length > ImageManifest.MaxBytes)
        {
            throw new LumosException("InvalidManifest", $"{manifest} is too large for a manifest");
        }
        _ = Existing(file);
        return ImageManifest.Parse(File.ReadAllText(manifest), manifest);
    }

    private static FileInfo Existing(string path) =>
        new FileInfo(path) is { Exists: true } info ? info : throw new LumosException("FileNotFound", $"there is no file {path}");
}
