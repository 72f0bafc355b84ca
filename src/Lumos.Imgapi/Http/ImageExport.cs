using System.Text.Json.Nodes;
using Lumos.Drivers.Files;
using Lumos.Images.Model;
using Lumos.Imgapi.Model;
using Lumos.Imgapi.Store;

namespace Lumos.Imgapi.Http;

/// <summary>
/// An image as two files for other hands, in the server's folder exports: PATH.imgmanifest and PATH.zfs[.gz …]. A copy,
/// which shares its blocks with the stored file where the file system can do that: what others do to it does not reach the store.
/// </summary>
internal static class ImageExport
{
    /// <param name="asked">A path below exports: a folder that is there gets NAME-VERSION; null: exports itself.</param>
    public static JsonObject Make(ImageRepository images, StoredImage image, string? asked)
    {
        if (image.File is not { } file)
        {
            throw new ImgapiException("NoActivationNoFile", $"image {image} has no file to export");
        }
        string[] parts = (asked ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Any(p => p is "." or ".." || p.Contains('\0')))
        {
            throw ImgapiException.Invalid("path", $"\"{asked}\" must stay below {images.Paths.Exports}");
        }
        string path = Path.Combine([images.Paths.Exports, .. parts]);
        if (parts.Length == 0 || Directory.Exists(path))
        {
            path = Path.Combine(path, Slug($"{image.Name}-{image.Version}"));
        }
        string folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        string filePath = path + ".zfs" + Ending(image), manifestPath = path + ".imgmanifest";
        string part = filePath + ".part";
        try
        {
            File.Copy(images.Paths.Blob(file.Sha256), part, overwrite: true);
            File.Move(part, filePath, overwrite: true);
        }
        finally
        {
            File.Delete(part);
        }
        AtomicFile.Write(manifestPath, JsonPath.Pretty(image.Manifest) + "\n");
        return new JsonObject { ["manta_url"] = "file://", ["image_path"] = filePath, ["manifest_path"] = manifestPath };
    }

    private static string Ending(StoredImage image) => JsonPath.Text(JsonPath.Find(image.Manifest, "files.0.compression")) switch
    {
        "gzip" => ".gz",
        "bzip2" => ".bz2",
        "xz" => ".xz",
        "zstd" => ".zst",
        _ => "",
    };

    private static string Slug(string text) => string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '-'));
}
