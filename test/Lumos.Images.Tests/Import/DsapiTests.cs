using System.Text;
using System.Text.Json.Nodes;
using Lumos.Images.Tests.Applets;
using Lumos.Testing;
using Xunit;

namespace Lumos.Images.Tests.Import;

/// <summary>Sources of type dsapi: their manifests are of another kind, and their files lie at other addresses.</summary>
public sealed class DsapiTests : IDisposable
{
    private readonly Machine _machine = new();

    public void Dispose() => _machine.Dispose();

    private static JsonObject Old(TestImage image, string path = "base64-1.8.1.zfs.gz") => new()
    {
        ["uuid"] = image.Uuid.ToString(),
        ["name"] = "base64",
        ["version"] = "1.8.1",
        ["type"] = "zone-dataset",
        ["description"] = "A 64-bit image",
        ["published_at"] = "2012-08-25T11:55:08Z",
        ["creator_name"] = "sdc",
        ["creator_uuid"] = "352971aa-31ba-496c-9ade-a379feaecd52",
        ["vendor_uuid"] = "352971aa-31ba-496c-9ade-a379feaecd52",
        ["urn"] = "sdc:sdc:base64:1.8.1",
        ["files"] = new JsonArray(new JsonObject
        {
            ["path"] = path, ["sha1"] = (string?)image.Manifest["files"]![0]!["sha1"], ["size"] = image.File.Length, ["url"] = "http://198.51.100.7/elsewhere",
        }),
        ["requirements"] = new JsonObject { ["networks"] = new JsonArray(new JsonObject { ["name"] = "net0", ["description"] = "public" }) },
    };

    private static ScriptedHttpServer Serve(TestImage image, JsonObject manifest) => new(head => head.Split(' ')[1] switch
    {
        "/datasets" => ScriptedHttpServer.Reply(200, Encoding.UTF8.GetBytes($"[{manifest.ToJsonString()}, {{\"name\": \"broken\"}}]")),
        var path when path == $"/datasets/{image.Uuid}" => ScriptedHttpServer.Reply(200, Encoding.UTF8.GetBytes(manifest.ToJsonString())),
        var path when path == $"/datasets/{image.Uuid}/base64-1.8.1.zfs.gz" => ScriptedHttpServer.Reply(200, image.File),
        _ => ScriptedHttpServer.Reply(404, []),
    });

    [Fact]
    public void An_image_is_listed_shown_and_imported()
    {
        var image = new TestImage(TestImage.Noise(20_000));
        using var server = Serve(image, Old(image));
        _machine.Succeed("sources", "-d", "https://images.smartos.org");
        _machine.Succeed("sources", "-a", server.Url, "-t", "dsapi");
        Assert.Equal("dsapi", (string?)JsonNode.Parse(_machine.Succeed("sources", "-j").Out)![0]!["type"]);
        var available = _machine.Succeed("avail", "-H", "-o", "uuid,name,version,os,type,pub");
        Assert.Equal(["" + image.Uuid, "base64", "1.8.1", "smartos", "zone-dataset", "2012-08-25"], available.Out.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("1 images", available.Error, StringComparison.Ordinal); // the broken one
        var shown = JsonNode.Parse(_machine.Succeed("show", $"{image.Uuid}").Out)!;
        Assert.Equal((2, "active", "352971aa-31ba-496c-9ade-a379feaecd52", "gzip"),
            ((int)shown["v"]!, (string?)shown["state"], (string?)shown["owner"], (string?)shown["files"]![0]!["compression"]));
        Assert.Null(shown["creator_name"]);
        _machine.Succeed("import", $"{image.Uuid}");
        Assert.Equal(image.Content, _machine.Datasets.GetContent(_machine.Store.Get(image.Uuid).DatasetName));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("x?y")]
    public void A_file_elsewhere_is_refused(string path)
    {
        var image = new TestImage(TestImage.Noise(20_000));
        using var server = Serve(image, Old(image, path));
        _machine.Succeed("sources", "-d", "https://images.smartos.org");
        _machine.Succeed("sources", "-a", server.Url, "-t", "dsapi");
        Assert.Contains("names no file, or one that lies elsewhere", _machine.Imgadm("import", $"{image.Uuid}").Error, StringComparison.Ordinal);
        _machine.AssertEmpty();
    }
}
