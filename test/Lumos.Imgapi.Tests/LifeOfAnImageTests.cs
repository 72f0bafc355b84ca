using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Tests;
using Xunit;
using static Lumos.Imgapi.Tests.RunningServer;

namespace Lumos.Imgapi.Tests;

public sealed class LifeOfAnImageTests : IAsyncLifetime
{
    private static readonly byte[] Content = TestImage.Noise(300_000);

    private RunningServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RunningServer.Start();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Made_given_its_file_activated_and_only_then_seen_by_all()
    {
        var made = await _server.Create(Manifest());
        string uuid = (string)made["uuid"]!;
        Assert.Equal("unactivated", (string?)made["state"]);
        Assert.Equal(Uuid.Zero.ToString(), (string?)made["owner"]);
        _ = await Refused(await _server.Act(uuid, "activate"), 422, "NoActivationNoFile");
        var uploaded = await Json(await _server.Upload(uuid, Content));
        var file = uploaded["files"]![0]!;
        Assert.Equal((Sha1(Content), Content.Length, "gzip", Sha256(Content)), ((string?)file["sha1"], (int)file["size"]!, (string?)file["compression"], (string?)file["sha256"]));
        _ = await Refused(await _server.Reader.GetAsync($"/images/{uuid}"), 404, "ResourceNotFound");
        _ = await Refused(await _server.Reader.GetAsync($"/images/{uuid}/file"), 404, "ResourceNotFound");
        Assert.Empty(await _server.Names("state=all"));
        Assert.Equal(["test"], await _server.Names("state=all", _server.Writer));

        var active = await Json(await _server.Act(uuid, "activate"));
        Assert.Equal("active", (string?)active["state"]);
        Assert.True(DateTimeOffset.Parse((string)active["published_at"]!) > DateTimeOffset.UtcNow.AddMinutes(-5));
        Assert.Equal(["test"], await _server.Names());
        Assert.Equal(Content, await _server.Reader.GetByteArrayAsync($"/images/{uuid}/file"));
        _ = await Refused(await _server.Upload(uuid, Content), 422, "ImageFilesImmutable");
        _ = await Refused(await _server.Act(uuid, "activate"), 422, "ImageAlreadyActivated");

        Assert.Equal("disabled", (string?)(await Json(await _server.Act(uuid, "disable")))["state"]);
        Assert.Empty(await _server.Names());
        Assert.Equal(["test"], await _server.Names("state=disabled"));
        Assert.Equal("active", (string?)(await Json(await _server.Act(uuid, "enable")))["state"]);

        Assert.Equal(HttpStatusCode.NoContent, (await _server.Writer.DeleteAsync($"/images/{uuid}")).StatusCode);
        _ = await Refused(await _server.Writer.GetAsync($"/images/{uuid}"), 404, "ResourceNotFound");
        Assert.Empty(_server.Files);
    }

    [Fact]
    public async Task An_import_keeps_its_UUID_and_time_and_is_held_against_what_its_manifest_says()
    {
        string uuid = Uuid.New().ToString();
        var manifest = Manifest(more: m =>
        {
            m["uuid"] = uuid;
            m["published_at"] = "2020-01-02T03:04:05.678Z";
            m["files"] = new JsonArray(new JsonObject { ["sha1"] = Sha1(Content), ["size"] = Content.Length, ["compression"] = "gzip" });
        });
        _ = await Json(await _server.Act(uuid, "import", manifest));
        _ = await Refused(await _server.Act(uuid, "import", manifest), 409, "ImageUuidAlreadyExists");
        byte[] other = [.. Content];
        other[1000] ^= 1;
        var refused = await Refused(await _server.Upload(uuid, other), 400, "Upload");
        Assert.Contains("SHA-1", (string?)refused["message"]);
        _ = await Refused(await _server.Upload(uuid, Content[..1000]), 400, "Upload");
        Assert.Single(_server.Files);
        _ = await Json(await _server.Upload(uuid, Content));
        Assert.Equal("2020-01-02T03:04:05.678Z", (string?)(await Json(await _server.Act(uuid, "activate")))["published_at"]);
        _ = await Refused(await _server.Act(Uuid.New().ToString(), "import", manifest), 422, "ValidationFailed");
        _ = await Refused(await _server.Act(uuid, $"import&account={Uuid.New()}", manifest), 403, "OperatorOnly");
    }

    [Fact]
    public async Task What_else_a_manifest_says_of_its_file_stays_and_a_SHA_512_is_checked()
    {
        JsonObject Said(string sha512) => Manifest(more: m => m["files"] = new JsonArray(new JsonObject
        {
            ["sha1"] = Sha1(Content), ["size"] = Content.Length, ["digest"] = "sha512:" + sha512, ["dataset_guid"] = "123", ["uncompressed"] = 5, ["stor"] = "elsewhere",
        }));
        string wrong = (string)(await _server.Create(Said(new string('0', 128))))["uuid"]!;
        Assert.Contains("SHA-512", (string?)(await Refused(await _server.Upload(wrong, Content), 400, "Upload"))["message"]);
        string right = Convert.ToHexStringLower(SHA512.HashData(Content)), uuid = (string)(await _server.Create(Said(right)))["uuid"]!;
        var file = (JsonObject)(await Json(await _server.Upload(uuid, Content)))["files"]![0]!;
        Assert.Equal(("sha512:" + right, "123", 5, "gzip"), ((string?)file["digest"], (string?)file["dataset_guid"], (int)file["uncompressed"]!, (string?)file["compression"]));
        Assert.False(file.ContainsKey("stor"));
    }

    [Theory]
    [InlineData("compression=gzip&sha1=0000000000000000000000000000000000000000", 400, "Upload")]
    [InlineData("compression=gzip&size=3", 400, "Upload")]
    [InlineData("compression=lha", 422, "ValidationFailed")]
    [InlineData("", 422, "ValidationFailed")]
    [InlineData("compression=gzip&storage=manta", 503, "StorageUnsupported")]
    public async Task An_upload_that_is_not_as_said_leaves_nothing(string query, int status, string code)
    {
        string uuid = (string)(await _server.Create(Manifest()))["uuid"]!;
        _ = await Refused(await _server.Upload(uuid, Content, query), status, code);
        Assert.Equal([$"images/{uuid}.json"], _server.Files);
        Assert.Empty((JsonArray)(await Json(await _server.Writer.GetAsync($"/images/{uuid}")))["files"]!);
    }

    [Fact]
    public async Task An_upload_whose_client_goes_away_leaves_nothing()
    {
        string uuid = (string)(await _server.Create(Manifest()))["uuid"]!;
        using (var client = new System.Net.Sockets.TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, _server.Server.Port);
            var stream = client.GetStream();
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(
                $"PUT /images/{uuid}/file?compression=none HTTP/1.1\r\nHost: x\r\nAuthorization: {_server.Writer.DefaultRequestHeaders.Authorization}\r\nContent-Length: 1000000\r\n\r\n"));
            await stream.WriteAsync(Content);
            await _server.Until(() => Directory.EnumerateFiles(_server.Paths.Incoming).Any());
        }
        await _server.Until(() => !Directory.EnumerateFiles(_server.Paths.Incoming).Any());
        Assert.Equal([$"images/{uuid}.json"], _server.Files);
    }

    [Fact]
    public async Task A_file_is_replaced_until_the_image_is_activated_and_the_old_one_goes()
    {
        string uuid = (string)(await _server.Create(Manifest()))["uuid"]!;
        _ = await Json(await _server.Upload(uuid, Content));
        _ = await Json(await _server.Upload(uuid, Content[..5000]));
        Assert.Equal([$"blobs/{Sha256(Content[..5000])}", $"images/{uuid}.json"], _server.Files);
    }

    [Fact]
    public async Task Two_images_of_the_same_file_share_it()
    {
        string first = await _server.Publish(Content), second = await _server.Publish(Content);
        Assert.Single(_server.Files, f => f.StartsWith("blobs/", StringComparison.Ordinal));
        _ = await _server.Writer.DeleteAsync($"/images/{first}");
        Assert.Equal(Content, await _server.Reader.GetByteArrayAsync($"/images/{second}/file"));
    }

    [Fact]
    public async Task Parts_of_a_file_conditions_and_digests()
    {
        string uuid = await _server.Publish(Content);
        var whole = await _server.Reader.GetAsync($"/images/{uuid}/file");
        Assert.Equal(Convert.ToBase64String(MD5.HashData(Content)), Convert.ToBase64String(whole.Content.Headers.ContentMD5!));
        string etag = whole.Headers.ETag!.Tag;
        Assert.Equal($"\"{Sha256(Content)}\"", etag);

        async Task<HttpResponseMessage> Get(Action<HttpRequestHeaders> set, HttpMethod? method = null)
        {
            using var request = new HttpRequestMessage(method ?? HttpMethod.Get, $"/images/{uuid}/file");
            set(request.Headers);
            return await _server.Reader.SendAsync(request);
        }

        var part = await Get(h => h.Range = new RangeHeaderValue(1000, 1999));
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal($"bytes 1000-1999/{Content.Length}", part.Content.Headers.ContentRange!.ToString());
        Assert.Equal(Content[1000..2000], await part.Content.ReadAsByteArrayAsync());
        Assert.Equal(Content[^10..], await (await Get(h => h.Range = new RangeHeaderValue(null, 10))).Content.ReadAsByteArrayAsync());
        Assert.Equal(Content[299_000..], await (await Get(h => h.Range = new RangeHeaderValue(299_000, null))).Content.ReadAsByteArrayAsync());
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, (await Get(h => h.Range = new RangeHeaderValue(Content.Length, null))).StatusCode);
        Assert.Equal(HttpStatusCode.NotModified, (await Get(h => h.IfNoneMatch.ParseAdd(etag))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await Get(h =>
        {
            h.Range = new RangeHeaderValue(1000, 1999);
            h.IfRange = new RangeConditionHeaderValue("\"another\"");
        })).StatusCode);
        var head = await Get(_ => { }, HttpMethod.Head);
        Assert.Equal(Content.Length, head.Content.Headers.ContentLength);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task What_may_change_changes_and_the_rest_does_not()
    {
        string uuid = await _server.Publish(Content);
        var changed = await Json(await _server.Act(uuid, "update", new JsonObject { ["description"] = "new", ["tags"] = new JsonObject { ["role"] = "db" } }));
        Assert.Equal("new", (string?)changed["description"]);
        Assert.Equal(["test"], await _server.Names("tag.role=db"));
        Assert.False((await Json(await _server.Act(uuid, "update", new JsonObject { ["description"] = null }))).ContainsKey("description"));
        var refused = await Refused(await _server.Act(uuid, "update", new JsonObject { ["name"] = "x", ["files"] = new JsonArray() }), 422, "ValidationFailed");
        Assert.Equal(["name", "files"], ((JsonArray)refused["errors"]!).Select(e => (string)e!["field"]!));
        _ = await Refused(await _server.Act(uuid, "update", new JsonObject { ["os"] = "cpm" }), 422, "ValidationFailed");
        _ = await Refused(await _server.Act(uuid, "update", new JsonObject()), 422, "ValidationFailed");
        Assert.Equal("test", (string?)(await Json(await _server.Reader.GetAsync($"/images/{uuid}")))["name"]);
    }

    [Fact]
    public async Task An_origin_has_to_be_here_and_cannot_go_before_its_increments()
    {
        _ = await Refused(await _server.Writer.PostAsync("/images", Body(Manifest(more: m => m["origin"] = Uuid.New().ToString()))), 422, "OriginDoesNotExist");
        string origin = (string)(await _server.Create(Manifest("origin")))["uuid"]!;
        string uuid = (string)(await _server.Create(Manifest("increment", m => m["origin"] = origin)))["uuid"]!;
        _ = await Json(await _server.Upload(uuid, Content));
        _ = await Refused(await _server.Act(uuid, "activate"), 422, "OriginIsNotActive");
        _ = await Json(await _server.Upload(origin, Content));
        _ = await Json(await _server.Act(origin, "activate"));
        _ = await Json(await _server.Act(uuid, "activate"));
        _ = await Refused(await _server.Writer.DeleteAsync($"/images/{origin}"), 422, "ImageHasDependentImages");
        Assert.Equal(["increment"], await _server.Names($"origin={origin}"));
        Assert.Equal(HttpStatusCode.NoContent, (await _server.Writer.DeleteAsync($"/images/{uuid}")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await _server.Writer.DeleteAsync($"/images/{origin}")).StatusCode);
    }

    [Fact]
    public async Task An_icon_comes_and_goes()
    {
        string uuid = await _server.Publish(Content);
        HttpContent Icon(byte[] bytes, string type)
        {
            var content = new ByteArrayContent(bytes);
            content.Headers.ContentType = new MediaTypeHeaderValue(type);
            return content;
        }

        _ = await Refused(await _server.Writer.PutAsync($"/images/{uuid}/icon", Icon([1, 2], "text/html")), 400, "InvalidHeader");
        _ = await Refused(await _server.Writer.PutAsync($"/images/{uuid}/icon", Icon(new byte[200_000], "image/png")), 413, "RequestEntityTooLargeError");
        _ = await Refused(await _server.Reader.GetAsync($"/images/{uuid}/icon"), 404, "ResourceNotFound");
        Assert.True((bool)(await Json(await _server.Writer.PutAsync($"/images/{uuid}/icon", Icon([1, 2, 3], "image/png"))))["icon"]!);
        var icon = await _server.Reader.GetAsync($"/images/{uuid}/icon");
        Assert.Equal("image/png", icon.Content.Headers.ContentType!.MediaType);
        Assert.Equal([1, 2, 3], await icon.Content.ReadAsByteArrayAsync());
        Assert.False((bool)(await Json(await _server.Writer.DeleteAsync($"/images/{uuid}/icon")))["icon"]!);
        Assert.Equal(2, _server.Files.Length);
    }

    [Fact]
    public async Task An_export_is_two_files_that_imgadm_installs()
    {
        string uuid = await _server.Publish(Content, "my image");
        var export = await Json(await _server.Act(uuid, "export&manta_path=for/you"));
        Assert.Equal(_server.Paths.Exports + "/for/you.zfs.gz", (string?)export["image_path"]);
        Assert.Equal(Content, File.ReadAllBytes((string)export["image_path"]!));
        Assert.Equal(uuid, Images.Model.ImageManifest.Parse(File.ReadAllText((string)export["manifest_path"]!), "x").Uuid.ToString());
        Assert.Equal(_server.Paths.Exports + "/for/my-image-1.0.zfs.gz", (string?)(await Json(await _server.Act(uuid, "export&path=for")))["image_path"]);
        _ = await Refused(await _server.Act(uuid, "export&path=../../etc"), 422, "ValidationFailed");
    }
}
