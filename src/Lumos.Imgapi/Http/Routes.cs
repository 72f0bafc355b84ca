using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Imgapi.Model;
using Lumos.Imgapi.Store;
using Microsoft.AspNetCore.Http;

namespace Lumos.Imgapi.Http;

/// <summary>Which request is answered by whom. The same table is openapi.json, which a test holds against this one.</summary>
internal sealed class Routes(
    ImageRepository images, ImageEndpoints manifests, FileEndpoints files, ImgapiSettings settings, Metrics metrics, Mirror.MirrorSource? mirror)
{
    /// <summary>What GET /ping says: that of the IMGAPI whose interface this is.</summary>
    public const string InterfaceVersion = "2.0.0";

    private static readonly byte[] OpenApi = Resource("openapi.json");

    public Task Answer(Call call)
    {
        string method = call.IsHead ? "GET" : call.Request.Method;
        string[] path = call.Request.Path.Value!.TrimEnd('/').Split('/')[1..];
        return (method, path) switch
        {
            ("GET", ["ping"]) => Ping(call),
            ("GET", ["channels"]) => ListChannels(call),
            ("GET", ["state"]) => State(call),
            ("GET", ["metrics"]) => call.AnswerBytes(Encoding.UTF8.GetBytes(metrics.Text(images.Index, mirror?.Brought ?? 0)), "text/plain; version=0.0.4", 200),
            ("GET", ["openapi.json"]) => call.Answer(OpenApi),
            ("GET", ["images"]) => manifests.List(call),
            ("POST", ["images"]) => manifests.Create(call),
            ("GET", ["images", var u]) => manifests.Show(call, Id(u)),
            ("POST", ["images", var u]) => manifests.Act(call, Id(u)),
            ("DELETE", ["images", var u]) => manifests.Delete(call, Id(u)),
            ("POST", ["images", var u, "acl"]) => manifests.ChangeAcl(call, Id(u)),
            ("GET", ["images", var u, "file"]) => files.Download(call, Id(u)),
            ("PUT", ["images", var u, "file"]) => files.Upload(call, Id(u)),
            ("GET", ["images", var u, "icon"]) => files.DownloadIcon(call, Id(u)),
            ("PUT" or "POST", ["images", var u, "icon"]) => files.UploadIcon(call, Id(u)),
            ("DELETE", ["images", var u, "icon"]) => files.DeleteIcon(call, Id(u)),
            (_, ["ping" or "channels" or "state" or "metrics" or "openapi.json" or "images"]) or (_, ["images", _]) or (_, ["images", _, "acl" or "file" or "icon"])
                => throw new ImgapiException("BadMethodError", $"{call.Request.Method} is not done to {call.Request.Path}"),
            _ => throw ImgapiException.NotFound(call.Request.Path),
        };
    }

    private static Uuid Id(string text) => Uuid.TryParse(text, out var uuid) ? uuid : throw ImgapiException.Invalid("uuid", $"\"{text}\" is not a UUID");

    private static Task Ping(Call call)
    {
        if (call.Query("error") is { } error)
        {
            throw new ImgapiException(error, call.Query("message") ?? "pong");
        }
        var pong = new JsonObject { ["ping"] = "pong", ["version"] = InterfaceVersion, ["imgapi"] = true };
        if (call.HasKey)
        {
            pong["pid"] = Environment.ProcessId;
        }
        return call.Answer(pong);
    }

    private Task ListChannels(Call call)
    {
        if (!settings.Channels.Exist)
        {
            throw ImgapiException.NotFound("a list of channels (this server has none)");
        }
        return call.Answer(new JsonArray([.. settings.Channels.All.Select(c =>
        {
            var json = new JsonObject { ["name"] = c.Name, ["description"] = c.Description };
            if (c.IsDefault)
            {
                json["default"] = true;
            }
            return (JsonNode)json;
        })]));
    }

    private Task State(Call call)
    {
        call.RequireOperator();
        var index = images.Index;
        return call.Answer(new JsonObject
        {
            ["images"] = index.All.Count,
            ["data"] = images.Paths.Root,
            ["incoming"] = Directory.EnumerateFiles(images.Paths.Incoming).Count(),
            ["blobs"] = index.All.SelectMany(i => i.Blobs).Distinct().Count(),
            ["mirror"] = settings.Mirror?.Url,
            ["memory"] = Environment.WorkingSet,
        });
    }

    private static byte[] Resource(string name)
    {
        using var stream = typeof(Routes).Assembly.GetManifestResourceStream(name)!;
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }
}
