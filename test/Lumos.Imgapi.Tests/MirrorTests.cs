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

    private const long Huge = 1L << 52; // JSON's numbers end soon after

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
    public async Task A_store_that_could_not_take_an_image_takes_it_when_it_can()
    {
        string uuid = await _far.Publish(Content, "far");
        Directory.Delete(_near.Paths.Incoming);
        _ = await Refused(await _near.Reader.GetAsync($"/images/{uuid}/file"), 503, "StorageIsDown");
        Directory.CreateDirectory(_near.Paths.Incoming);
        Assert.Equal(Content, await _near.Reader.GetByteArrayAsync($"/images/{uuid}/file"));
    }

    [Fact]
    public async Task Who_only_looks_has_nothing_brought_here()
    {
        string uuid = await _far.Publish(Content, "far");
        using var head = new HttpRequestMessage(HttpMethod.Head, $"/images/{uuid}/file");
        Assert.Equal(Content.Length, (await _near.Reader.SendAsync(head)).Content.Headers.ContentLength);
        Assert.Empty(_near.Files);
        Assert.Contains("imgapi_mirrored_images_total 0", await _near.Reader.GetStringAsync("/metrics"));
    }

    [Theory]
    [InlineData(Huge, long.MaxValue, "StorageIsDown", "there is no room")]
    [InlineData(2_000_000, 1_000_000, "RemoteSourceError", "takes none of more than 1000000 (max_file)")]
    public async Task What_is_too_large_is_not_begun(long size, long most, string code, string why)
    {
        using var source = Silent(size);
        await using var near = await RunningServer.Start(s => s with { Mirror = ImageSource.Parse(source.Url), MostFileBytes = most });
        var refused = await Refused(await near.Reader.GetAsync($"/images/{Uuid.New()}/file"), 503, code);
        Assert.Contains(why, (string?)refused["message"]);
        Assert.Empty(near.Files);
    }

    [Fact]
    public async Task So_many_files_are_on_their_way_at_once_as_uploads_may_be()
    {
        using var source = Silent(1000);
        await using var near = await RunningServer.Start(s => s with { Mirror = ImageSource.Parse(source.Url), MostUploads = 2, Grace = TimeSpan.FromMilliseconds(100) });
        using var enough = new CancellationTokenSource();
        string[] uuids = [$"{Uuid.New()}", $"{Uuid.New()}"];
        var waiting = uuids.Concat(uuids).Select(u => near.Reader.GetAsync($"/images/{u}/file", enough.Token)).ToList(); // who asks for the same takes no turn
        await near.Until(() => near.Files.Length == 2);
        var refused = await near.Reader.GetAsync($"/images/{Uuid.New()}/file");
        Assert.Equal(TimeSpan.FromSeconds(10), refused.Headers.RetryAfter?.Delta);
        _ = await Refused(refused, 503, "ServiceUnavailableError");
        Assert.DoesNotContain(waiting, w => w.IsCompleted);
        await enough.CancelAsync();
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

    /// <summary>Has every image, each with a file of so many bytes, and never sends any.</summary>
    private static ScriptedHttpServer Silent(long size) => new(head =>
    {
        string[] path = head.Split(' ')[1].Split('/', '?');
        return path.Contains("file") ? null : ScriptedHttpServer.Reply(200, Encoding.UTF8.GetBytes(Manifest("silent", m =>
        {
            m["uuid"] = path[2];
            m["files"] = new JsonArray(new JsonObject { ["sha1"] = Sha1(Content), ["size"] = size, ["compression"] = "none" });
        }).ToJsonString()));
    });

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
