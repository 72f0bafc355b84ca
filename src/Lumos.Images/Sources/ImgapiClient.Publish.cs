using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Model;

namespace Lumos.Images.Sources;

// The calls that change what a server has.
public sealed partial class ImgapiClient
{
    /// <summary>Makes an unactivated image there, with the UUID that it has.</summary>
    public ImageManifest Import(ImageManifest manifest) =>
        Post($"images/{manifest.Uuid}", "action=import", JsonPath.Compact(manifest.ToJson()));

    /// <summary>Gives it its file.</summary>
    public void AddFile(ImageManifest manifest, string path, ImageFile file, string? datasetGuid, Action<long>? progress)
    {
        string query = $"compression={file.Compression ?? "none"}&size={file.Size}&sha1={file.Sha1}"
            + (file.Sha256 is null ? "" : $"&sha256={file.Sha256}") + (datasetGuid is null ? "" : $"&dataset_guid={datasetGuid}");
        _ = _http.Upload(source.At($"images/{manifest.Uuid}/file", channel, query), path, ImageManifest.MaxBytes, progress);
    }

    public ImageManifest Activate(Uuid uuid) => Post($"images/{uuid}", "action=activate", null);

    public void Delete(Uuid uuid) => _ = _http.Send(HttpMethod.Delete, source.At($"images/{uuid}", channel), null, ImageManifest.MaxBytes);

    private ImageManifest Post(string path, string query, byte[]? json)
    {
        string url = source.At(path, channel, query);
        try
        {
            return ImageManifest.From(JsonPath.Parse(_http.Send(HttpMethod.Post, url, json, ImageManifest.MaxBytes)), url);
        }
        catch (System.Text.Json.JsonException e)
        {
            throw new LumosException("InvalidAnswer", $"what {url} answered is no JSON", inner: e);
        }
    }
}
