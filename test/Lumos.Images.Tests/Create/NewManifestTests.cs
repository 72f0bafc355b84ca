using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Create;
using Lumos.Images.Model;
using Xunit;

namespace Lumos.Images.Tests.Create;

public class NewManifestTests
{
    private static readonly Uuid New = Uuid.Parse("cccccccc-0000-4000-8000-000000000003");

    private static readonly ImageManifest Origin = ImageManifest.Parse("""
        {"v": 2, "uuid": "bbbbbbbb-0000-4000-8000-000000000002", "name": "base", "version": "1", "type": "lx-dataset", "os": "linux", "description": "its own",
         "requirements": {"min_ram": 64}, "users": [{"name": "root"}], "billing_tags": [], "traits": {"ssd": true}, "published_at": "2026-01-01T00:00:00Z"}
        """, "test");

    [Fact]
    public void What_is_not_said_is_taken_over_from_the_origin()
    {
        Equal("""
            {"v": 2, "uuid": "cccccccc-0000-4000-8000-000000000003", "name": "mine", "version": "2", "os": "other", "type": "lx-dataset",
             "requirements": {"min_ram": 64, "brand": "lx"}, "users": [{"name": "root"}], "traits": {"ssd": true}}
            """, Of("""{"name": "mine", "version": "2", "os": "other", "uuid": "no", "v": 3, "files": []}""", "lx"));
        Assert.Null(Origin["requirements.brand"]);
    }

    [Fact]
    public void A_native_image_asks_for_the_platform_that_it_was_made_on_unless_it_says_another()
    {
        Assert.Equal("""{"7.0":"20261120T104500Z"}""", Of("{}", "joyent")["requirements"]!["min_platform"]!.ToJsonString());
        Assert.Equal("{}", Of("""{"requirements": {"min_platform": {}}}""", "joyent-minimal")["requirements"]!["min_platform"]!.ToJsonString());
        Assert.Null(Of("{}", "joyent")["requirements"]!["brand"]);
        Assert.Null(Of("{}", "lx")["requirements"]!["min_platform"]);
    }

    [Fact]
    public void A_brand_of_none_is_none()
    {
        Assert.Equal("{}", Of("""{"requirements": {"brand": ""}}""", "lx")["requirements"]!.ToJsonString());
        Assert.Equal("kvm", (string?)Of("""{"requirements": {"brand": "kvm"}}""", "bhyve")["requirements"]!["brand"]);
        Assert.Equal("uefi", (string?)Of("{}", "bhyve", "uefi")["requirements"]!["bootrom"]);
    }

    [Fact]
    public void An_increment_names_its_origin() =>
        Assert.Equal(Origin.Uuid.ToString(), (string?)NewManifest.Of([], Vm("lx"), Origin, Origin.Uuid, New, "x")["origin"]);

    [Fact]
    public void An_image_of_a_docker_VM_runs_what_its_origin_runs_and_has_neither_its_names_nor_its_digests()
    {
        var origin = ImageManifest.Parse("""
            {"v": 2, "uuid": "bbbbbbbb-0000-4000-8000-000000000002", "name": "docker-layer", "version": "1", "type": "docker", "os": "linux",
             "tags": {"docker:id": "sha256:1", "docker:architecture": "amd64", "docker:repo": "docker.io/app", "docker:tag:1.0": true, "docker:manifest": "sha256:2",
                      "docker:config-id": "sha256:3", "docker:config": {"Entrypoint": ["/app"], "Env": ["A=1"]}}}
            """, "test");
        string? Tags(string said) => NewManifest.Of((JsonObject)JsonNode.Parse(said)!, Vm("lx"), origin, null, New, "x")["tags"]?.ToJsonString();
        const string Config = "\"docker:config\":{\"Entrypoint\":[\"/app\"],\"Env\":[\"A=1\"]}";
        Assert.Equal($$"""{{{Config}},"docker:architecture":"amd64"}""", Tags("{}"));
        Assert.Equal($$"""{"role":"web",{{Config}},"docker:architecture":"amd64"}""", Tags("""{"tags": {"role": "web"}}"""));
        Assert.Equal("""{"docker:config":{"Cmd":["/other"]},"docker:architecture":"amd64"}""", Tags("""{"tags": {"docker:config": {"Cmd": ["/other"]}}}"""));
        Assert.Null(Tags("""{"type": "lx-dataset"}"""));
        Assert.Equal("7", Tags("""{"tags": 7}"""));
    }

    [Theory]
    [InlineData("disabled", "true", "true")]
    [InlineData("version", "1.0", "\"1.0\"")]
    [InlineData("version", "1.0.0", "\"1.0.0\"")]
    [InlineData("name", "\"true\"", "\"true\"")]
    [InlineData("name", "true", "\"true\"")]
    [InlineData("tags", "{\"a\": 1}", "{\"a\":1}")]
    [InlineData("acl", "x y", "\"x y\"")]
    public void A_value_on_the_command_line_is_JSON_where_it_is_and_text_where_the_field_is(string field, string word, string json) =>
        Assert.Equal(json, NewManifest.Value(field, word)!.ToJsonString());

    private static ProtoVm Vm(string brand, string? bootrom = null) => new(New, "stopped", brand, "zones", "zones/x", null, bootrom, new Dictionary<string, string>(), []);

    private static JsonObject Of(string said, string brand, string? bootrom = null) =>
        NewManifest.Of((JsonObject)JsonNode.Parse(said)!, Vm(brand, bootrom), Origin, null, New, "20261120T104500Z");

    private static void Equal(string expected, JsonNode actual) => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual.ToJsonString())), actual.ToJsonString());
}
