using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Images.Tests;
using Lumos.Imgapi.Store;
using Xunit;

namespace Lumos.Imgapi.Tests;

/// <summary>A real server on loopback, its store in a folder of the test's, and a client with its key.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly TestFolder? _folder;

    private RunningServer(ImgapiServer server, TestFolder? folder, StorePaths paths, MemoryStream log)
    {
        (Server, _folder, Paths, LogStream) = (server, folder, paths, log);
        Reader = new HttpClient { BaseAddress = new Uri(server.Url) };
        Writer = new HttpClient { BaseAddress = new Uri(server.Url), Timeout = TimeSpan.FromMinutes(5) };
        Writer.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Images.Sources.SourceKey.Read(paths.Keys));
    }

    public ImgapiServer Server { get; }

    public StorePaths Paths { get; }

    public MemoryStream LogStream { get; }

    /// <summary>Has no key.</summary>
    public HttpClient Reader { get; }

    public HttpClient Writer { get; }

    public string Url => Server.Url;

    /// <param name="data">An existing store; null: a new one, which goes with the server.</param>
    public static async Task<RunningServer> Start(Func<ImgapiSettings, ImgapiSettings>? settings = null, string? data = null)
    {
        var folder = data is null ? new TestFolder() : null;
        var paths = new StorePaths(data ?? folder!.Make("store"));
        var log = new MemoryStream();
        var plain = new ImgapiSettings(paths.Root) { Address = IPAddress.Loopback, Port = 0, Grace = TimeSpan.FromSeconds(5) };
        try
        {
            return new RunningServer(await ImgapiServer.Start(settings?.Invoke(plain) ?? plain, JsonLog.To(log, "imgapi")), folder, paths, log);
        }
        catch
        {
            folder?.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Reader.Dispose();
        Writer.Dispose();
        await Server.DisposeAsync();
        _folder?.Dispose();
    }

    public static JsonObject Manifest(string name = "test", Action<JsonObject>? more = null)
    {
        var manifest = new JsonObject { ["v"] = 2, ["name"] = name, ["version"] = "1.0", ["type"] = "lx-dataset", ["os"] = "linux" };
        more?.Invoke(manifest);
        return manifest;
    }

    /// <summary>Creates, uploads, activates.</summary>
    public async Task<string> Publish(byte[] content, string name = "test", Action<JsonObject>? more = null, string channel = "")
    {
        string uuid = (string)(await Create(Manifest(name, more), channel))["uuid"]!;
        string within = channel.Length > 0 ? $"&channel={channel}" : "";
        _ = await Json(await Upload(uuid, content, "compression=gzip" + within));
        _ = await Json(await Act(uuid, "activate" + within));
        return uuid;
    }

    public async Task<JsonObject> Create(JsonObject manifest, string channel = "") =>
        await Json(await Writer.PostAsync($"/images{(channel.Length > 0 ? $"?channel={channel}" : "")}", Body(manifest)));

    public Task<HttpResponseMessage> Upload(string uuid, byte[] content, string query = "compression=gzip") =>
        Writer.PutAsync($"/images/{uuid}/file?{query}", new ByteArrayContent(content));

    public Task<HttpResponseMessage> Act(string uuid, string action, JsonNode? body = null, HttpClient? client = null) =>
        (client ?? Writer).PostAsync($"/images/{uuid}?action={action}", body is null ? null : Body(body));

    public static StringContent Body(JsonNode json) => new(json.ToJsonString(), Encoding.UTF8, "application/json");

    /// <summary>The answer, which has to be a success.</summary>
    public static async Task<JsonObject> Json(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
        return (JsonObject)JsonNode.Parse(text)!;
    }

    /// <summary>The answer, which has to be this refusal.</summary>
    public static async Task<JsonObject> Refused(HttpResponseMessage response, int status, string code)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        var json = (JsonObject)JsonNode.Parse(text)!;
        Assert.Equal(code, (string?)json["code"]);
        Assert.NotEmpty((string)json["message"]!);
        return json;
    }

    public async Task<string[]> Names(string query = "", HttpClient? client = null) =>
        [.. ((JsonArray)(await (client ?? Reader).GetFromJsonAsync<JsonNode>($"/images?{query}"))!).Select(n => (string)n!["name"]!)];

    /// <summary>The names of all files of the store, but those that are always there.</summary>
    public string[] Files => [.. Directory.EnumerateFiles(Paths.Root, "*", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(Paths.Root, f)).Where(f => f is not ("keys" or "lock")).Order(StringComparer.Ordinal)];

    /// <summary>Waits for it, not for ever.</summary>
    public async Task Until(Func<bool> condition)
    {
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); !condition(); await Task.Delay(5))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"it does not come to pass: {string.Join(' ', Files)}");
        }
    }

    public static string Sha1(byte[] bytes) => Convert.ToHexStringLower(SHA1.HashData(bytes));

    public static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
