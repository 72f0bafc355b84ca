using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Sources;
using Lumos.Images.Tests;
using Lumos.Testing;
using Xunit;
using static Lumos.Imgapi.Tests.RunningServer;

namespace Lumos.Imgapi.Tests;

public sealed class MirrorTests : IAsyncLifetime
{
    private static readonly byte[] Content = TestImage.Noise(3_000_000);

    private RunningServer _far = null!, _near = null!;

    public async ValueTask InitializeAsync()
    {
        _far = await RunningServer.Start();
        _near = await RunningServer.Start(s => s with { Mirror = ImageSource.Parse(_far.Url) });
    }

    public async ValueTask DisposeAsync()
    {
        await _near.DisposeAsync();
        await _far.DisposeAsync();
    }

    [Fact]
    public async Task What_is_asked_for_comes_once_for_all_who_ask_and_stays()
    {
        string uuid = await _far.Publish(Content, "far");
        _ = await _near.Publish([1], "near");
        Assert.Equal(["far", "near"], await _near.Names());
        Assert.Equal("far", (string?)(await Json(await _near.Reader.GetAsync($"/images/{uuid}")))["name"]);
        Assert.DoesNotContain($"images/{uuid}.json", _near.Files); // only a manifest was asked for
        byte[][] got = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _near.Reader.GetByteArrayAsync($"/images/{uuid}/file")));
        Assert.All(got, g => Assert.Equal(Content, g));
        Assert.Contains("imgapi_mirrored_images_total 1", await _near.Reader.GetStringAsync("/metrics"));
        string far = Encoding.UTF8.GetString(_far.LogStream.ToArray());
        Assert.Single(far.Split('\n'), l => l.Contains($"/images/{uuid}/file") && l.Contains("\"GET\""));

        await _far.Server.Stop();
        Assert.Equal(Content, await _near.Reader.GetByteArrayAsync($"/images/{uuid}/file"));
        using var part = new HttpRequestMessage(HttpMethod.Get, $"/images/{uuid}/file") { Headers = { Range = new RangeHeaderValue(10, 19) } };
        Assert.Equal(Content[10..20], await (await _near.Reader.SendAsync(part)).Content.ReadAsByteArrayAsync());
        Assert.Equal(["far", "near"], await _near.Names());
        _ = await Refused(await _near.Reader.GetAsync($"/images/{Uuid.New()}"), 503, "RemoteSourceError");
    }

    [Fact]
    public async Task What_is_nowhere_is_not_found()
    {
        _ = await Refused(await _near.Reader.GetAsync($"/images/{Uuid.New()}"), 404, "ResourceNotFound");
        _ = await Refused(await _near.Reader.GetAsync($"/images/{Uuid.New()}/file"), 404, "ResourceNotFound");
    }

    [Fact]
    public async Task A_wrong_file_is_sent_to_its_end_to_nobody_and_not_kept()
    {
        string uuid = Uuid.New().ToString();
        byte[] other = [.. Content];
        other[100] ^= 1;
        using var liar = Liar(uuid, other);
        await using var near = await RunningServer.Start(s => s with { Mirror = ImageSource.Parse(liar.Url) });
        _ = await Assert.ThrowsAnyAsync<HttpRequestException>(() => near.Reader.GetByteArrayAsync($"/images/{uuid}/file"));
        await near.Until(() => near.Files.Length == 0);
        Assert.Contains("is not the file of image", Encoding.UTF8.GetString(near.LogStream.ToArray()));
    }

    [Fact]
    public async Task A_file_that_is_cut_on_its_way_is_continued()
    {
        string uuid = Uuid.New().ToString();
        int calls = 0;
        using var source = Liar(uuid, Content, head =>
        {
            if (++calls == 1)
            {
                return ScriptedHttpServer.Reply(200, Content[..1_000_000], Content.Length);
            }
            int from = int.Parse(head.Split("bytes=")[1].Split('-')[0]);
            return ScriptedHttpServer.Reply(206, Content[from..], null, $"Content-Range: bytes {from}-{Content.Length - 1}/{Content.Length}");
        });
        await using var near = await RunningServer.Start(s => s with { Mirror = ImageSource.Parse(source.Url) });
        Assert.Equal(Content, await near.Reader.GetByteArrayAsync($"/images/{uuid}/file"));
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task An_image_is_imported_from_another_server_with_its_origins()
    {
        string origin = await _far.Publish([1, 2, 3], "origin"), uuid = await _far.Publish(Content, "increment", m => m["origin"] = origin);
        await using var plain = await RunningServer.Start();
        _ = await Refused(await plain.Act(Uuid.New().ToString(), $"import-remote&source={_far.Url}"), 404, "ResourceNotFound");
        _ = await Refused(await plain.Act(uuid, "import-remote&source=file:///etc/passwd"), 422, "InvalidParameter");
        Assert.Equal("active", (string?)(await Json(await plain.Act(uuid, $"import-remote&source={_far.Url}")))["state"]);
        Assert.Equal(["origin", "increment"], await plain.Names());
        Assert.Equal(Content, await plain.Reader.GetByteArrayAsync($"/images/{uuid}/file"));
        _ = await Refused(await plain.Act(uuid, $"import-remote&source={_far.Url}"), 409, "ImageUuidAlreadyExists");
    }

    /// <summary>Has one image, and sends what it is told to for its file.</summary>
    private static ScriptedHttpServer Liar(string uuid, byte[] file, Func<string, byte[]>? answer = null)
    {
        var manifest = Manifest("lie", m =>
        {
            m["uuid"] = uuid;
            m["files"] = new JsonArray(new JsonObject { ["sha1"] = Sha1(Content), ["size"] = Content.Length, ["compression"] = "none" });
        });
        byte[] text = Encoding.UTF8.GetBytes(manifest.ToJsonString());
        return new ScriptedHttpServer(head => head.Split(' ')[1].EndsWith("/file", StringComparison.Ordinal)
            ? answer?.Invoke(head) ?? ScriptedHttpServer.Reply(200, file)
            : ScriptedHttpServer.Reply(200, text));
    }
}
