using System.Net;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Fetch;
using Lumos.Images.Oci;
using Xunit;

namespace Lumos.Images.Tests.Oci;

public class RegistryProtocolTests
{
    [Fact]
    public void Challenges_are_read_whatever_their_spelling()
    {
        var one = Assert.Single(AuthChallenge.Parse("""Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push" """));
        Assert.Equal("bearer", one.Scheme);
        Assert.Equal(("https://auth.docker.io/token", "registry.docker.io", "repository:a/b:pull,push"), (one["realm"], one["service"], one["scope"]));
        var two = AuthChallenge.Parse("""Basic realm="a \"b\", c", Bearer Realm = x,service=y""");
        Assert.Equal(["basic", "bearer"], two.Select(c => c.Scheme));
        Assert.Equal("a \"b\", c", two[0]["realm"]);
        Assert.Equal(("x", "y"), (two[1]["realm"], two[1]["service"]));
        Assert.Empty(AuthChallenge.Parse(""));
        Assert.Empty(AuthChallenge.Parse("\"\"\""));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    [InlineData("172.31.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.64.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("fe80::1")]
    [InlineData("fd00::1")]
    [InlineData("ff02::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("2002:7f00:1::1")]
    public void Addresses_of_this_machine_and_its_network_are_known(string address) => Assert.True(RedirectFence.IsLocal(IPAddress.Parse(address)));

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("172.32.0.1")]
    [InlineData("100.128.0.1")]
    [InlineData("2606:4700::1111")]
    public void Addresses_of_the_world_are_not_local(string address) => Assert.False(RedirectFence.IsLocal(IPAddress.Parse(address)));

    [Theory]
    [InlineData("https://registry.example/", "https://cdn.example/x", null)]
    [InlineData("https://registry.example/", "http://cdn.example/x", "from https to")]
    [InlineData("https://registry.example/", "file:///etc/shadow", "neither http nor https")]
    [InlineData("https://registry.example/", "https://127.0.0.1/x", "an address of this machine")]
    [InlineData("https://registry.example/", "https://[::ffff:10.0.0.1]/x", "an address of this machine")]
    [InlineData("http://127.0.0.1:5000/", "http://127.0.0.1:9000/x", null)]
    public void Where_a_server_may_send_us_is_fenced(string home, string to, string? fault)
    {
        string? found = new RedirectFence(new Uri(home)).Fault(new Uri(home), new Uri(to));
        if (fault is null)
        {
            Assert.Null(found);
        }
        else
        {
            Assert.Contains(fault, found);
        }
    }

    [Fact]
    public void Credentials_are_found_from_the_repository_up_to_its_host()
    {
        var json = JsonNode.Parse("""{"auths": {"host:5000": {"auth": "YTpi"}, "host:5000/team": {"auth": "YzpkCg=="}, "https://index.docker.io/v1/": {"auth": "ZTpm"}}}""");
        Assert.Equal("YTpi", RegistryCredentials.Find(json, "f", OciReference.Parse("host:5000/other/a")));
        Assert.Equal("YzpkCg==", RegistryCredentials.Find(json, "f", OciReference.Parse("host:5000/team/a")));
        Assert.Equal("ZTpm", RegistryCredentials.Find(json, "f", OciReference.Parse("alpine")));
        Assert.Null(RegistryCredentials.Find(json, "f", OciReference.Parse("elsewhere.example/a")));
        Assert.Equal("InvalidCredentials", Assert.Throws<LumosException>(() =>
            RegistryCredentials.Find(JsonNode.Parse("""{"auths": {"h.x": {"auth": "bm9jb2xvbg=="}}}"""), "f", OciReference.Parse("h.x/a"))).Code);
    }

    [Fact]
    public void Credentials_that_others_can_read_are_not_used()
    {
        using var folder = new TestFolder();
        File.WriteAllText(folder["auth.json"], """{"auths": {}}""");
        File.SetUnixFileMode(folder["auth.json"], UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var error = Assert.Throws<LumosException>(() => (object?)RegistryCredentials.Find(folder["auth.json"], OciReference.Parse("a")));
        Assert.Equal("UnsafeCredentials", error.Code);
        Assert.Contains("chmod 600", error.Message);
    }

    [Theory]
    [InlineData("""{"schemaVersion": 1}""", "NotSupported", "schema 1")]
    [InlineData("""[]""", "InvalidImage", "no JSON object")]
    [InlineData("""{""", "InvalidImage", "no JSON")]
    [InlineData("""{"schemaVersion": 2}""", "InvalidImage", "neither config and layers nor manifests")]
    [InlineData("""{"manifests": [{"digest": "sha256:../../etc", "size": 1}]}""", "InvalidImage", "manifests[0]")]
    [InlineData("""{"config": {"digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "size": 1}, "layers": []}""", "InvalidImage", "0 layers")]
    [InlineData("""{"config": {"digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "size": 99999999}, "layers": []}""", "InvalidImage", "99999999")]
    [InlineData("""{"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "size": 1}, "layers": []}""", "NotSupported", "artifact")]
    [InlineData("""{"config": {"digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "size": 1}, "layers": [{"digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "size": -1}]}""", "InvalidImage", "layers[0]")]
    public void What_is_no_manifest_is_refused(string json, string code, string says)
    {
        var error = Assert.Throws<LumosException>(() => OciManifest.Parse(System.Text.Encoding.UTF8.GetBytes(json), "the manifest of x"));
        Assert.Equal(code, error.Code);
        Assert.Contains(says, LumosException.Describe(error));
    }

    [Theory]
    [InlineData("""{"os": "linux"}""", "for which system")]
    [InlineData("""{"os": "linux", "architecture": "amd64"}""", "rootfs.diff_ids")]
    [InlineData("""{"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ["x"]}}""", "rootfs.diff_ids")]
    [InlineData("""{"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": []}, "config": {"Cmd": "sh"}}""", "config.Cmd")]
    [InlineData("""{"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": []}, "config": {"User": 5}}""", "config.User")]
    public void What_is_no_configuration_is_refused(string json, string says) =>
        Assert.Contains(says, Assert.Throws<LumosException>(() => OciImageConfig.Parse(System.Text.Encoding.UTF8.GetBytes(json), "the configuration")).Message);
}
