using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Http;
using Lumos.Images.Model;

namespace Lumos.Images.Server;

/// <summary>Which request gets which answer.</summary>
internal sealed class ImageRoutes(ImageCatalogue catalogue)
{
    public HttpResponse Answer(HttpRequest request)
    {
        if (request.Method is not ("GET" or "HEAD"))
        {
            return Fault(405, "MethodNotAllowed", $"{request.Method} is not done here; this server is read only");
        }
        return request.Path.TrimEnd('/').Split('/')[1..] switch
        {
            ["ping"] => Json(new JsonObject { ["ping"] = "pong", ["version"] = "1.0.0", ["imgapi"] = true }),
            ["images"] => ListImages(request.Query),
            ["images", var uuid] => Find(uuid) is { } e ? Json(e.Manifest.ToJson()) : NoImage(uuid),
            ["images", var uuid, "file"] => Find(uuid) is { } e ? SendFile(e, request) : NoImage(uuid),
            _ => Fault(404, "ResourceNotFound", $"{request.Path} is not here"),
        };
    }

    private static HttpResponse Fault(int status, string code, string message) =>
        Json(new JsonObject { ["code"] = code, ["message"] = message }, status);

    private ImageCatalogue.Entry? Find(string uuid) => Uuid.TryParse(uuid, out var id) ? catalogue.Find(id) : null;

    private static HttpResponse NoImage(string uuid) => Fault(404, "ResourceNotFound", $"image {uuid} is not here");

    private HttpResponse ListImages(IReadOnlyList<KeyValuePair<string, string>> query)
    {
        string state = "active";
        int limit = int.MaxValue;
        var terms = new List<string>();
        foreach (var (key, value) in query)
        {
            switch (key)
            {
                case "state":
                    state = value;
                    break;
                case "limit" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out limit):
                    break;
                case "channel" or "account" or "inclAdminFields":
                    break; // there is one channel and one reader
                case "uuid" or "name" or "version" or "type" or "os" or "owner" or "public" or "origin":
                    terms.Add($"{key}={value}");
                    break;
                case var tag when tag.StartsWith("tag.", StringComparison.Ordinal):
                    terms.Add($"tags{tag[3..]}={value}");
                    break;
                default:
                    return Fault(422, "InvalidParameter", $"images cannot be filtered by {key}={value}");
            }
        }
        var filter = ImageFilter.Parse(terms);
        var list = new JsonArray();
        foreach (var json in catalogue.List()
            .Where(e => state == "all" || (e.Manifest.State ?? "active") == state)
            .Select(e => e.Manifest.ToJson()).Where(row => filter.Passes(field => JsonPath.Find(row, field))).Take(limit))
        {
            list.Add((JsonNode)json);
        }
        return Json(list);
    }

    private HttpResponse SendFile(ImageCatalogue.Entry entry, HttpRequest request)
    {
        string etag = $"\"{entry.Manifest.File!.Sha1}\"";
        var headers = new List<KeyValuePair<string, string>> { new("ETag", etag), new("Accept-Ranges", "bytes") };
        if (request.Header("if-none-match") == etag)
        {
            return new HttpResponse(304, headers);
        }
        FileStream? file = null;
        try
        {
            file = new FileStream(entry.StreamPath, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.Asynchronous);
            long size = file.Length;
            headers.Add(new("Content-Type", "application/octet-stream"));
            var range = request.Header("if-range") is { } condition && condition != etag ? null : request.Header("range");
            if (range is null || ByteRange.Parse(range, size) is not { } part)
            {
                headers.Add(new("Content-MD5", catalogue.Md5(file)));
                return new HttpResponse(200, headers) { File = file, Length = size };
            }
            if (part.Length == 0)
            {
                file.Dispose();
                headers.Add(new("Content-Range", $"bytes */{size}"));
                return new HttpResponse(416, headers);
            }
            headers.Add(new("Content-Range", $"bytes {part.Offset}-{part.Offset + part.Length - 1}/{size}"));
            return new HttpResponse(206, headers) { File = file, Offset = part.Offset, Length = part.Length };
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    private static HttpResponse Json(JsonNode node, int status = 200) =>
        HttpResponse.Json(node, status, new KeyValuePair<string, string>("Api-Version", "2.0.0"));
}

/// <summary>A part of a file; a length of 0 means that the range asked for lies outside.</summary>
internal readonly record struct ByteRange(long Offset, long Length)
{
    /// <summary>Reads "bytes=A-B", "bytes=A-" and "bytes=-N". Null: several ranges or nonsense, which HTTP lets us ignore.</summary>
    public static ByteRange? Parse(string header, long size)
    {
        if (!header.StartsWith("bytes=", StringComparison.Ordinal) || header.Contains(','))
        {
            return null;
        }
        string[] ends = header[6..].Trim().Split('-');
        if (ends.Length != 2)
        {
            return null;
        }
        bool hasFirst = long.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out long first);
        bool hasLast = long.TryParse(ends[1], NumberStyles.None, CultureInfo.InvariantCulture, out long last);
        return (hasFirst, hasLast) switch
        {
            (true, true) when first <= last => new ByteRange(first, Math.Max(0, Math.Min(last, size - 1) - first + 1)),
            (true, false) when ends[1].Length == 0 => new ByteRange(first, Math.Max(0, size - first)),
            (false, true) when ends[0].Length == 0 => new ByteRange(Math.Max(0, size - last), Math.Min(last, size)),
            _ => null,
        };
    }
}
