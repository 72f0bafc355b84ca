using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Images.Server;
using Xunit;

namespace Lumos.Images.Tests.Server;

public sealed class ImageServerTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly ImageServer _server;
    private readonly HttpClient _client = new();

    public ImageServerTests() => _server = ImageServer.Start(_folder.Path);

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task It_answers_ping_on_a_port_it_chose()
    {
        Assert.NotEqual(0, _server.EndPoint.Port);
        var pong = JsonNode.Parse(await _client.GetStringAsync(_server.Url + "/ping"))!;
        Assert.Equal("pong", (string?)pong["ping"]);
    }

    [Fact]
    public async Task It_lists_valid_active_images_and_filters()
    {
        var a = new TestImage([1], "alpha").Publish(_folder.Path);
        var b = new TestImage([2], "beta").Publish(_folder.Path);
        var hidden = new TestImage([3], "gamma");
        hidden.Manifest["state"] = "disabled";
        hidden.Publish(_folder.Path);
        File.WriteAllText(_folder["broken.json"], "{");
        var liar = new TestImage([4], "liar");
        liar.Manifest["files"]![0]!["size"] = 5;
        liar.Publish(_folder.Path);

        Assert.Equal(["alpha", "beta"], await Names("/images"));
        Assert.Equal(["beta"], await Names("/images?name=beta"));
        Assert.Equal(["alpha", "beta"], await Names("/images?name=~a"));
        Assert.Equal(["alpha"], await Names($"/images?uuid={a.Uuid}&os=linux"));
        Assert.Equal(["gamma"], await Names("/images?state=disabled"));
        Assert.Equal(["alpha", "beta", "gamma"], await Names("/images?state=all"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await _client.GetAsync(_server.Url + "/images?colour=red")).StatusCode);
        Assert.Equal("beta", (string?)JsonNode.Parse(await _client.GetStringAsync($"{_server.Url}/images/{b.Uuid}"))!["name"]);
    }

    [Fact]
    public async Task A_file_comes_whole_in_parts_and_as_a_head()
    {
        var image = new TestImage(TestImage.Noise(300_000)).Publish(_folder.Path);
        string url = $"{_server.Url}/images/{image.Uuid}/file";

        var whole = await _client.GetAsync(url);
        Assert.Equal(image.File, await whole.Content.ReadAsByteArrayAsync());
        Assert.Equal(MD5.HashData(image.File), whole.Content.Headers.ContentMD5);
        string etag = whole.Headers.ETag!.Tag;

        var head = await _client.SendAsync(new HttpRequestMessage(HttpMethod.Head, url));
        Assert.Equal(image.File.Length, head.Content.Headers.ContentLength);
        Assert.Equal(etag, head.Headers.ETag!.Tag);

        async Task<HttpResponseMessage> Part(long? from, long? to, string? ifRange = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Range = new RangeHeaderValue(from, to);
            if (ifRange is not null)
            {
                request.Headers.IfRange = new RangeConditionHeaderValue(ifRange);
            }
            return await _client.SendAsync(request);
        }

        var middle = await Part(1000, 1999, etag);
        Assert.Equal(HttpStatusCode.PartialContent, middle.StatusCode);
        Assert.Equal(image.File[1000..2000], await middle.Content.ReadAsByteArrayAsync());
        Assert.Equal(image.File[^10..], await (await Part(null, 10)).Content.ReadAsByteArrayAsync());
        Assert.Equal(image.File[5..], await (await Part(5, null)).Content.ReadAsByteArrayAsync());
        Assert.Equal(HttpStatusCode.OK, (await Part(5, null, "\"another\"")).StatusCode);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, (await Part(image.File.Length, null)).StatusCode);
    }

    [Theory]
    [InlineData("/images/../../etc/passwd")]
    [InlineData("/images/..%2f..%2fetc%2fpasswd/file")]
    [InlineData("/images/00000000-0000-0000-0000-000000000000/file")]
    [InlineData("//etc/passwd")]
    [InlineData("/")]
    public async Task What_is_no_image_is_404(string path) =>
        Assert.StartsWith("HTTP/1.1 404 ", await Raw($"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));

    [Theory]
    [InlineData("POST /images HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405)]
    [InlineData("GET /ping HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 413)]
    [InlineData("GET /ping HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 413)]
    [InlineData("nonsense\r\n\r\n", 400)]
    [InlineData("GET ping HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET /ping HTTP/2\r\n\r\n", 400)]
    public async Task Bad_requests_are_refused(string request, int status) =>
        Assert.StartsWith($"HTTP/1.1 {status} ", await Raw(request));

    [Fact]
    public async Task An_endless_head_is_refused() =>
        Assert.StartsWith("HTTP/1.1 431 ", await Raw("GET /ping HTTP/1.1\r\nX: " + new string('a', 20_000)));

    [Fact]
    public async Task Requests_in_one_packet_are_answered_in_turn()
    {
        string two = await Raw("GET /ping HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        Assert.True(two.IndexOf("200 OK", StringComparison.Ordinal) < two.IndexOf("404 Not Found", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Fifty_downloads_at_once_all_get_every_byte()
    {
        var image = new TestImage(TestImage.Noise(2_000_000)).Publish(_folder.Path);
        var all = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _client.GetByteArrayAsync($"{_server.Url}/images/{image.Uuid}/file")));
        Assert.All(all, bytes => Assert.True(image.File.AsSpan().SequenceEqual(bytes)));
    }

    [Fact]
    public async Task Stop_lets_a_running_download_end_and_takes_no_more()
    {
        var image = new TestImage(TestImage.Noise(8_000_000)).Publish(_folder.Path);
        using var response = await _client.GetAsync($"{_server.Url}/images/{image.Uuid}/file", HttpCompletionOption.ResponseHeadersRead);
        var stop = Task.Run(() => _server.Stop(TimeSpan.FromSeconds(30)));
        Assert.Equal(image.File, await response.Content.ReadAsByteArrayAsync());
        await stop.WaitAsync(TimeSpan.FromSeconds(20));
        using var late = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => late.GetAsync(_server.Url + "/ping"));
    }

    private async Task<string[]> Names(string path) =>
        [.. ((JsonArray)JsonNode.Parse(await _client.GetStringAsync(_server.Url + path))!).Select(i => (string)i!["name"]!).Order()];

    private async Task<string> Raw(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_server.EndPoint);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var memory = new MemoryStream();
        try
        {
            await stream.CopyToAsync(memory);
        }
        catch (IOException)
        {
            // Reset after the answer, as part of our request was never read.
        }
        return Encoding.ASCII.GetString(memory.ToArray());
    }
}
