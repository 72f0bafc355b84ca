using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Tests;
using Lumos.Imgapi.Model;
using Xunit;
using static Lumos.Imgapi.Tests.RunningServer;

namespace Lumos.Imgapi.Tests;

public sealed class ServerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task Changes_need_a_key_and_a_wrong_one_is_refused_even_for_reading()
    {
        await using var server = await RunningServer.Start();
        Assert.True(server.Server.IsKeyNew);
        Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(server.Paths.Keys));
        string uuid = await server.Publish([1, 2, 3]);
        _ = await Refused(await server.Reader.PostAsync("/images", Body(Manifest())), 401, "UnauthorizedError");
        _ = await Refused(await server.Reader.DeleteAsync($"/images/{uuid}"), 401, "UnauthorizedError");
        _ = await Refused(await server.Act(uuid, "disable", client: server.Reader), 401, "UnauthorizedError");
        _ = await Refused(await server.Reader.PutAsync($"/images/{uuid}/file?compression=none", new ByteArrayContent([1])), 401, "UnauthorizedError");
        _ = await Refused(await server.Reader.GetAsync("/state"), 401, "UnauthorizedError");
        server.Reader.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "not-a-key-of-this-server");
        _ = await Refused(await server.Reader.GetAsync("/images"), 401, "UnauthorizedError");

        // Keys come and go while it runs; one is also taken as the password of HTTP Basic.
        File.AppendAllText(server.Paths.Keys, "builder 0123456789abcdef0123456789abcdef\n");
        server.Reader.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("whoever:0123456789abcdef0123456789abcdef")));
        _ = await Json(await server.Act(uuid, "disable", client: server.Reader));
        File.SetUnixFileMode(server.Paths.Keys, (UnixFileMode)0b110_100_100);
        File.AppendAllText(server.Paths.Keys, "\n");
        var refused = await Refused(await server.Act(uuid, "enable"), 500, "InternalError");
        Assert.Contains($"chmod 600 {server.Paths.Keys}", (string?)refused["message"]);
    }

    [Fact]
    public async Task Private_images_are_their_owners_and_those_the_list_names()
    {
        await using var server = await RunningServer.Start();
        string owner = Uuid.New().ToString(), friend = Uuid.New().ToString(), stranger = Uuid.New().ToString();
        string uuid = await server.Publish([1], "secret", m =>
        {
            m["public"] = false;
            m["owner"] = owner;
        });
        _ = await server.Publish([2], "open");
        Assert.Equal(["open"], await server.Names());
        Assert.Equal(["open"], await server.Names($"account={owner}")); // anybody can say that
        Assert.Equal(["secret", "open"], await server.Names("", server.Writer));
        Assert.Equal(["secret", "open"], await server.Names($"account={owner}", server.Writer));
        Assert.Equal(["open"], await server.Names($"account={friend}", server.Writer));
        _ = await Json(await server.Writer.PostAsync($"/images/{uuid}/acl", Body(new JsonArray(friend))));
        Assert.Equal(["secret", "open"], await server.Names($"account={friend}", server.Writer));
        Assert.Equal(["open"], await server.Names($"account={stranger}", server.Writer));
        _ = await Refused(await server.Writer.PostAsync($"/images/{uuid}?action=disable&account={friend}", null), 422, "NotImageOwner");
        _ = await Refused(await server.Writer.GetAsync($"/images/{uuid}/file?account={stranger}"), 404, "ResourceNotFound");
        _ = await Json(await server.Writer.PostAsync($"/images/{uuid}/acl?action=remove", Body(new JsonArray(friend))));
        Assert.Equal(["open"], await server.Names($"account={friend}", server.Writer));
        _ = await Refused(await server.Writer.PostAsync($"/images/{uuid}/acl", Body(new JsonArray("me"))), 422, "ValidationFailed");
    }

    [Fact]
    public async Task Channels_are_sets_of_their_own()
    {
        await using var server = await RunningServer.Start(s => s with { Channels = new Channels([new("dev", "all builds", true), new("release", "gold", false)]) });
        string uuid = await server.Publish([1], "both");
        _ = await server.Publish([2], "gold", channel: "release");
        Assert.Equal(["both"], await server.Names());
        Assert.Equal(["gold"], await server.Names("channel=release"));
        Assert.Equal(["both", "gold"], await server.Names("channel=*"));
        _ = await Refused(await server.Reader.GetAsync("/images?channel=none"), 422, "ValidationFailed");
        _ = await Refused(await server.Reader.GetAsync($"/images/{uuid}?channel=release"), 404, "ResourceNotFound");
        var added = await Json(await server.Act(uuid, "channel-add", new JsonObject { ["channel"] = "release" }));
        Assert.Equal(["dev", "release"], ((JsonArray)added["channels"]!).Select(c => (string)c!));
        Assert.Equal([1], await server.Reader.GetByteArrayAsync($"/images/{uuid}/file?channel=release"));
        Assert.Equal(HttpStatusCode.NoContent, (await server.Writer.DeleteAsync($"/images/{uuid}")).StatusCode);
        Assert.Equal(["both", "gold"], await server.Names("channel=release"));
        Assert.Equal(HttpStatusCode.NoContent, (await server.Writer.DeleteAsync($"/images/{uuid}?channel=release")).StatusCode);
        Assert.Equal(["gold"], await server.Names("channel=*"));
        Assert.Contains("\"default\":true", await server.Reader.GetStringAsync("/channels"));
    }

    [Fact]
    public async Task Every_call_of_the_document_is_answered_and_no_other()
    {
        await using var server = await RunningServer.Start();
        var paths = (JsonObject)(await Json(await server.Reader.GetAsync("/openapi.json")))["paths"]!;
        Assert.True(paths.Count >= 10);
        foreach (var (path, operations) in paths)
        {
            foreach (string method in new[] { "get", "post", "put", "delete", "patch" })
            {
                using var request = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), path.Replace("{uuid}", Uuid.New().ToString()));
                var response = await server.Writer.SendAsync(request);
                bool documented = ((JsonObject)operations!).ContainsKey(method);
                Assert.True(documented == (response.StatusCode != HttpStatusCode.MethodNotAllowed), $"{method} {path}: {response.StatusCode}");
                Assert.True((int)response.StatusCode < 500, $"{method} {path}: {response.StatusCode}");
            }
        }
        _ = await Refused(await server.Reader.GetAsync("/nothing"), 404, "ResourceNotFound");
        _ = await Refused(await server.Reader.GetAsync("/ping?error=ValidationFailed&message=boom"), 422, "ValidationFailed");
    }

    [Theory]
    [InlineData("{", 400, "BadRequestError")]
    [InlineData("[]", 400, "BadRequestError")]
    [InlineData("""{"name": "a", "name": "b"}""", 400, "BadRequestError")]
    [InlineData("""{"name": "a/../b\n", "version": "1", "type": "lx-dataset", "os": "linux"}""", 422, "ValidationFailed")]
    [InlineData("""{"name": "x", "version": "1", "type": "zvol", "os": "linux"}""", 422, "ValidationFailed")]
    [InlineData("""{"name": "x", "version": "1", "type": "lx-dataset", "os": "linux", "uuid": "7744f3f5-4fa3-4486-9427-92c8c724e74b"}""", 422, "ValidationFailed")]
    public async Task A_manifest_that_is_none_is_refused(string body, int status, string code)
    {
        await using var server = await RunningServer.Start();
        _ = await Refused(await server.Writer.PostAsync("/images", new StringContent(body)), status, code);
        Assert.Empty(server.Files);
    }

    [Fact]
    public async Task Limits_hold()
    {
        await using var server = await RunningServer.Start(s => s with { MostFileBytes = 100_000 });
        _ = await Refused(await server.Writer.PostAsync("/images", new StringContent(new string(' ', 2 << 20))), 413, "RequestEntityTooLargeError");
        string uuid = (string)(await server.Create(Manifest()))["uuid"]!;
        _ = await Refused(await server.Upload(uuid, new byte[100_001]), 413, "RequestEntityTooLargeError");
        using var endless = new HttpRequestMessage(HttpMethod.Put, $"/images/{uuid}/file?compression=none") { Content = new StreamContent(new MemoryStream(new byte[300_000])) };
        endless.Headers.TransferEncodingChunked = true; // it does not say how long it is
        endless.Headers.ExpectContinue = true;
        _ = await Refused(await server.Writer.SendAsync(endless), 413, "RequestEntityTooLargeError");
        Assert.Equal([$"images/{uuid}.json"], server.Files);
        _ = await Json(await server.Upload(uuid, new byte[100_000]));
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Server.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /{new string('x', 10_000)} HTTP/1.1\r\nHost: x\r\n\r\n"));
        Assert.Contains("414", await new StreamReader(client.GetStream()).ReadLineAsync());
    }

    [Fact]
    public async Task One_upload_more_than_allowed_is_told_to_come_again()
    {
        await using var server = await RunningServer.Start(s => s with { MostUploads = 1 });
        string uuid = (string)(await server.Create(Manifest()))["uuid"]!;
        using (var first = new System.Net.Sockets.TcpClient())
        {
            await first.ConnectAsync(IPAddress.Loopback, server.Server.Port);
            await first.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"PUT /images/{uuid}/file?compression=none HTTP/1.1\r\nHost: x\r\nAuthorization: {server.Writer.DefaultRequestHeaders.Authorization}\r\nContent-Length: 9\r\n\r\nx"));
            await server.Until(() => Directory.EnumerateFiles(server.Paths.Incoming).Any());
            var second = await server.Upload(uuid, [1, 2]);
            Assert.Equal(TimeSpan.FromSeconds(10), second.Headers.RetryAfter!.Delta);
            _ = await Refused(second, 503, "ServiceUnavailableError");
        }
        await server.Until(() => !Directory.EnumerateFiles(server.Paths.Incoming).Any());
        _ = await Json(await server.Upload(uuid, [1, 2]));
    }

    [Fact]
    public async Task Two_hundred_downloads_at_once_end_well_in_constant_memory()
    {
        await using var server = await RunningServer.Start();
        byte[] content = TestImage.Noise(2 << 20);
        string uuid = await server.Publish(content), expected = Sha256(content);
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 200 }) { BaseAddress = new Uri(server.Url) };
        GC.Collect();
        long before = GC.GetTotalMemory(true), most = 0;
        async Task<string> Download()
        {
            using var body = await client.GetStreamAsync($"/images/{uuid}/file");
            using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            byte[] block = new byte[16 << 10];
            int got;
            while ((got = await body.ReadAsync(block)) > 0)
            {
                sha.AppendData(block, 0, got);
            }
            most = Math.Max(most, GC.GetTotalMemory(false));
            return Convert.ToHexStringLower(sha.GetHashAndReset());
        }
        string[] found = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(Download)));
        Assert.All(found, f => Assert.Equal(expected, f));
        // 400 MiB went through; both ends of each connection, with their buffers, are in this process.
        Assert.True(most - before < 150 << 20, $"{(most - before) >> 20} MiB");
        // A request is counted when its answer has been sent, which its reader may know first.
        await server.Until(() => long.Parse(
            server.Reader.GetStringAsync("/metrics").Result.Split('\n').Single(line => line.StartsWith("imgapi_sent_bytes_total ", StringComparison.Ordinal)).Split(' ')[1],
            System.Globalization.CultureInfo.InvariantCulture) >= 200L * content.Length);
    }

    [Fact]
    public async Task An_upload_takes_memory_for_a_block_of_it_and_not_for_the_whole()
    {
        await using var server = await RunningServer.Start();
        string uuid = (string)(await server.Create(Manifest()))["uuid"]!;
        string file = Path.Combine(server.Paths.Root, "zeros");
        using (var zeros = File.Create(file))
        {
            zeros.SetLength(96 << 20);
        }
        GC.Collect();
        long before = GC.GetTotalMemory(true), most = 0;
        using var source = File.OpenRead(file);
        var upload = server.Writer.PutAsync($"/images/{uuid}/file?compression=none", new StreamContent(source));
        while (!upload.IsCompleted)
        {
            // Collected first: what counts is what is held, not what nobody has swept up yet.
            most = Math.Max(most, GC.GetTotalMemory(true));
            _ = await Task.WhenAny(upload, Task.Delay(20));
        }
        Assert.Equal(96 << 20, (int)(await Json(await upload))["files"]![0]!["size"]!);
        Assert.True(most - before < 48 << 20, $"{(most - before) >> 20} MiB");
        File.Delete(file);
    }

    [Fact]
    public async Task Ten_thousand_images_are_listed_in_fifty_milliseconds()
    {
        using var folder = new TestFolder();
        var paths = new Store.StorePaths(folder.Make("store"));
        foreach (string each in new[] { paths.Images, paths.Blobs })
        {
            _ = Directory.CreateDirectory(each);
        }
        byte[] content = [1, 2, 3];
        File.WriteAllBytes(paths.Blob(Sha256(content)), content);
        var file = new StoredFile(Sha256(content), Sha1(content), Convert.ToBase64String(MD5.HashData(content)), 3);
        for (int i = 0; i < 10_000; i++)
        {
            var image = ImageChanges.Activate(ImageChanges.WithFile(ImageChanges.Make(
                Manifest($"image-{i}", m => m["description"] = new string('d', 300)), Uuid.New(), false, null, null, "2026-01-01T00:00:00.000Z"), file, "none", null),
                _ => null, $"2026-02-01T00:{i / 600:00}:{i / 10 % 60:00}.{i % 10}00Z");
            File.WriteAllBytes(paths.Record(image.Uuid), ImageRecord.Write(image));
        }
        await using var server = await RunningServer.Start(data: paths.Root);
        TimeSpan best = TimeSpan.MaxValue, bestFiltered = TimeSpan.MaxValue;
        for (int i = 0; i < 40 && (best > Limit || bestFiltered > Limit); i++) // other programs may have the processors at times
        {
            var clock = Stopwatch.StartNew();
            byte[] list = await server.Reader.GetByteArrayAsync("/images");
            best = clock.Elapsed < best ? clock.Elapsed : best;
            Assert.True(list.Length > 5_000_000);
            clock.Restart();
            string[] one = await server.Names("name=~-9999&tag.x=y");
            bestFiltered = clock.Elapsed < bestFiltered ? clock.Elapsed : bestFiltered;
            Assert.Empty(one);
        }
        Assert.True(best <= Limit, $"{best.TotalMilliseconds} ms");
        Assert.True(bestFiltered <= Limit, $"{bestFiltered.TotalMilliseconds} ms");
        TestContext.Current.TestOutputHelper?.WriteLine($"all: {best.TotalMilliseconds:0.0} ms, filtered: {bestFiltered.TotalMilliseconds:0.0} ms");

        // A client that takes it page by page meets each image once.
        var seen = new List<string>();
        for (string marker = ""; ;)
        {
            var page = (JsonArray)JsonNode.Parse(await server.Reader.GetStringAsync($"/images?limit=1000{marker}"))!;
            seen.AddRange(page.Skip(marker.Length > 0 ? 1 : 0).Select(n => (string)n!["name"]!));
            if (page.Count < 1000)
            {
                break;
            }
            marker = $"&marker={page[^1]!["uuid"]}";
        }
        Assert.Equal(Enumerable.Range(0, 10_000).Select(i => $"image-{i}"), seen);
    }

    [Fact]
    public async Task A_certificate_makes_it_HTTPS()
    {
        using var folder = new TestFolder();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(folder["cert.pem"], certificate.ExportCertificatePem());
        File.WriteAllText(folder["key.pem"], key.ExportPkcs8PrivateKeyPem());
        await using var server = await RunningServer.Start(s => s with { Certificate = folder["cert.pem"], CertificateKey = folder["key.pem"] });
        Assert.StartsWith("https://", server.Url);
        using var client = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, c, _, _) => c!.Thumbprint == certificate.Thumbprint });
        Assert.Contains("pong", await client.GetStringAsync(server.Url + "/ping"));
        var fault = await Assert.ThrowsAsync<LumosException>(() => RunningServer.Start(s => s with { Certificate = folder["key.pem"] }));
        Assert.Equal("CertificateNotUsable", fault.Code);
    }

    [Fact]
    public async Task Told_to_stop_it_lets_downloads_end_and_each_request_has_a_line_in_the_log()
    {
        byte[] content = TestImage.Noise(8 << 20);
        var server = await RunningServer.Start();
        try
        {
            string uuid = await server.Publish(content);
            using var body = await server.Reader.GetStreamAsync($"/images/{uuid}/file");
            byte[] got = new byte[content.Length];
            await body.ReadExactlyAsync(got.AsMemory(0, 1000));
            var stopping = server.Server.Stop();
            await body.ReadExactlyAsync(got.AsMemory(1000));
            Assert.Equal(content, got);
            await stopping;
            _ = await Assert.ThrowsAsync<HttpRequestException>(() => server.Reader.GetAsync("/ping"));
            var lines = Encoding.UTF8.GetString(server.LogStream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!).ToList();
            Assert.Contains(lines, l => (string?)l["method"] == "PUT" && (string?)l["key"] == "admin" && (string?)l["status"] == "200");
            Assert.Contains(lines, l => (string?)l["url"] == $"/images/{uuid}/file" && (string?)l["bytes"] == $"{content.Length}");
        }
        finally
        {
            await server.DisposeAsync();
        }
    }
}
