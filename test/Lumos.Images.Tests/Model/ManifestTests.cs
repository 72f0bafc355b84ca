using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Xunit;

namespace Lumos.Images.Tests.Model;

public sealed class ManifestTests
{
    private const string Good = """
        {"v":2,"uuid":"9d3f0a1e-0b6c-4c33-9a77-0d0a9f8c1b2d","name":"debian-13","version":"20261120","type":"lx-dataset","os":"linux",
         "files":[{"sha1":"97d170e1550eee4afc0af065b78cda302a97674c","size":1234,"compression":"gzip","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}],
         "requirements":{"min_platform":{"7.0":"20200101T000000Z"},"min_ram":256,"brand":"lx"},"urn":"a:b:c:d","x-vendor":{"k":[1,2]}}
        """;

    [Fact]
    public void A_good_manifest_is_read_and_unknown_keys_are_kept()
    {
        var m = ImageManifest.Parse(Good, "a test");
        Assert.Equal(("debian-13", "20261120", "lx-dataset", "linux"), (m.Name, m.Version, m.Type, m.Os));
        Assert.Equal(1234, m.File!.Size);
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", m.File.Sha256);
        Assert.Equal(256, m.Requirements.MinRam);
        Assert.True(m.IsActive);
        Assert.Null(m.Origin);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Good), m.ToJson()));
    }

    [Theory]
    [InlineData("v", "1", "v must be 2")]
    [InlineData("v", "\"2\"", "v must be 2")]
    [InlineData("uuid", "\"../../etc/passwd\"", "uuid must be")]
    [InlineData("uuid", "\"9D3F0A1E-0B6C-4C33-9A77-0D0A9F8C1B2D\"", "uuid must be")]
    [InlineData("name", "\"a\\u001b[2J\"", "name must be")]
    [InlineData("name", "\"\"", "name must be")]
    [InlineData("version", "\"1 2\"", "version must be")]
    [InlineData("version", "\"1\\n2\"", "version must be")]
    [InlineData("type", "\"zone\"", "type must be one of")]
    [InlineData("os", "null", "os must be one of")]
    [InlineData("owner", "\"me\"", "owner must be a UUID")]
    [InlineData("state", "\"good\"", "state must be one of")]
    [InlineData("public", "\"yes\"", "public must be true or false")]
    [InlineData("published_at", "\"yesterday\"", "published_at must be")]
    [InlineData("origin", "\"9d3f0a1e-0b6c-4c33-9a77-0d0a9f8c1b2d\"", "origin must be")]
    [InlineData("files", "{}", "files must be a list")]
    [InlineData("files", "[1]", "files must be a list")]
    [InlineData("files", "[{},{}]", "files must be a list")]
    [InlineData("files", "[{\"sha1\":\"abc\",\"size\":1}]", "files[0].sha1")]
    [InlineData("files", "[{\"sha1\":\"97d170e1550eee4afc0af065b78cda302a97674c\",\"size\":-1}]", "files[0].size")]
    [InlineData("files", "[{\"sha1\":\"97d170e1550eee4afc0af065b78cda302a97674c\",\"size\":1e300}]", "files[0].size")]
    [InlineData("files", "[{\"sha1\":\"97d170e1550eee4afc0af065b78cda302a97674c\",\"size\":1.5}]", "files[0].size")]
    [InlineData("files", "[{\"sha1\":\"97d170e1550eee4afc0af065b78cda302a97674c\",\"size\":1,\"compression\":\"; rm\"}]", "files[0].compression")]
    [InlineData("type", "\"zvol\"", "image_size is missing")]
    [InlineData("image_size", "1e300", "image_size must be")]
    [InlineData("requirements", "[]", "requirements must be")]
    [InlineData("requirements", "{\"min_ram\":\"lots\"}", "requirements.min_ram")]
    [InlineData("requirements", "{\"min_ram\":512,\"max_ram\":256}", "requirements.min_ram is above")]
    [InlineData("requirements", "{\"min_platform\":{\"7.0\":5}}", "requirements.min_platform")]
    [InlineData("tags", "[]", "tags must be")]
    [InlineData("users", "[{}]", "users must be")]
    public void A_wrong_field_is_named(string key, string value, string fault)
    {
        var json = (JsonObject)JsonNode.Parse(Good)!;
        json[key] = JsonNode.Parse(value);
        var e = Assert.Throws<LumosException>(() => ImageManifest.From(json, "a test"));
        Assert.Equal("ManifestValidation", e.Code);
        Assert.Contains(fault, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', e.Message);
    }

    [Fact]
    public void All_faults_are_told_at_once() =>
        Assert.Equal(6, ManifestRules.Check(new JsonObject()).Count);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"v\":2,\"v\":2}")]
    [InlineData("{\"requirements\":{\"a\":1,\"a\":2}}")]
    [InlineData("{\"v\":2,\"name\":\"\\ud800\"}")] // half a character
    [InlineData("{\"v\":2,\"\\udc00\":[]}")]
    [InlineData("{\"tags\":[{\"a\":[\"\\ud800\"]}]}")]
    public void What_is_no_json_is_an_invalid_manifest(string text) =>
        Assert.Equal("InvalidManifest", Assert.Throws<LumosException>(() => ImageManifest.Parse(text, "a test")).Code);

    [Theory]
    [InlineData("{\"name\":\"\u00ff\"}")]
    [InlineData("{\"\u00ff\":1}")]
    public void Bytes_that_are_no_text_are_no_json(string latin1) =>
        Assert.Throws<System.Text.Json.JsonException>(() => JsonPath.Parse(System.Text.Encoding.Latin1.GetBytes(latin1)));

    [Fact]
    public void Nesting_without_end_is_no_json() =>
        Assert.Equal("InvalidManifest", Assert.Throws<LumosException>(() => ImageManifest.Parse(new string('[', 100_000), "a test")).Code);

    [Theory]
    [InlineData("min_platform", "7.0", "20260101T000000Z", "20261120T000000Z", null)]
    [InlineData("min_platform", "7.0", "20270101T000000Z", "20261120T000000Z", "MinPlatform")]
    [InlineData("min_platform", "6.5", "20270101T000000Z", "20261120T000000Z", null)]
    [InlineData("min_platform", "7.1", "20000101T000000Z", "20261120T000000Z", "MinPlatform")]
    [InlineData("max_platform", "7.0", "20260101T000000Z", "20261120T000000Z", "MaxPlatform")]
    [InlineData("max_platform", "7.0", "20270101T000000Z", "20261120T000000Z", null)]
    [InlineData("max_platform", "6.5", "20270101T000000Z", "20261120T000000Z", "MaxPlatform")]
    [InlineData("max_platform", "7.1", "20000101T000000Z", "20261120T000000Z", null)]
    public void Platforms_are_compared_as_imgapi_says(string key, string system, string asked, string running, string? code)
    {
        var json = (JsonObject)JsonNode.Parse(Good)!;
        json["requirements"] = new JsonObject { [key] = new JsonObject { [system] = asked } };
        var thrown = Record.Exception(() => PlatformRequirements.Check(ImageManifest.From(json, "a test"), running));
        Assert.Equal(code, (thrown as LumosException)?.Code);
    }

    [Theory]
    [InlineData("name=debian-13", true)]
    [InlineData("name=debian", false)]
    [InlineData("name=~bian", true)]
    [InlineData("name=~BIAN", false)]
    [InlineData("name=~.*", false)]
    [InlineData("requirements.min_ram=256", true)]
    [InlineData("requirements.none=1", false)]
    [InlineData("pub=2026-11-20", true)]
    [InlineData("size=1234", true)]
    [InlineData("public=true", true)]
    [InlineData("public=false", false)]
    [InlineData("version=20261120", true)]
    public void Filters(string filter, bool passes)
    {
        var json = (JsonObject)JsonNode.Parse(Good)!;
        json["published_at"] = "2026-11-20T10:00:00Z";
        json["public"] = true;
        Assert.Equal(passes, ImageFilter.Parse([filter]).Passes(new ImageInfo(json, null).Field));
    }

    [Theory]
    [InlineData("name")]
    [InlineData("=x")]
    public void A_word_that_is_no_filter_is_a_usage_error(string word) =>
        Assert.Throws<UsageException>(() => ImageFilter.Parse([word]));
}
