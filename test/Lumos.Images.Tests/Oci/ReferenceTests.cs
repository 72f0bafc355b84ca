using Lumos.Core;
using Lumos.Images.Oci;
using Xunit;

namespace Lumos.Images.Tests.Oci;

public class ReferenceTests
{
    private const string Digits = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Theory]
    [InlineData("alpine", "docker.io", "library/alpine", "latest", "alpine:latest")]
    [InlineData("alpine:3.20", "docker.io", "library/alpine", "3.20", "alpine:3.20")]
    [InlineData("grafana/grafana", "docker.io", "grafana/grafana", "latest", "grafana/grafana:latest")]
    [InlineData("docker.io/alpine", "docker.io", "library/alpine", "latest", "alpine:latest")]
    [InlineData("index.docker.io/library/alpine:1", "docker.io", "library/alpine", "1", "alpine:1")]
    [InlineData("localhost/a", "localhost", "a", "latest", "localhost/a:latest")]
    [InlineData("host:5000/a/b", "host:5000", "a/b", "latest", "host:5000/a/b:latest")]
    [InlineData("ghcr.io/a-b/c_d.e__f--g:V1.0-x", "ghcr.io", "a-b/c_d.e__f--g", "V1.0-x", "ghcr.io/a-b/c_d.e__f--g:V1.0-x")]
    [InlineData("[::1]:5000/a", "[::1]:5000", "a", "latest", "[::1]:5000/a:latest")]
    [InlineData("Host.Example/a", "host.example", "a", "latest", "host.example/a:latest")]
    public void A_name_is_read_as_docker_reads_it(string text, string registry, string repository, string tag, string shown)
    {
        var reference = OciReference.Parse(text);
        Assert.Equal((registry, repository, tag), (reference.Registry, reference.Repository, reference.Tag));
        Assert.Null(reference.Digest);
        Assert.Equal(shown, reference.ToString());
        Assert.Equal(reference, OciReference.Parse(shown));
    }

    [Fact]
    public void A_digest_counts_and_a_tag_beside_it_is_only_a_word()
    {
        var reference = OciReference.Parse($"host:5000/a/b:1@sha256:{Digits}");
        Assert.Equal(("1", $"sha256:{Digits}", $"sha256:{Digits}"), (reference.Tag, reference.Digest!.ToString(), reference.Wanted));
        Assert.Null(OciReference.Parse($"a@sha256:{Digits}").Tag);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Alpine")]
    [InlineData("a//b")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a..b")]
    [InlineData("a/../b")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("a:")]
    [InlineData("a:-x")]
    [InlineData("a:b c")]
    [InlineData("a@sha256:12")]
    [InlineData("a@md5:d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("a b")]
    [InlineData("ho st.x/a")]
    [InlineData("user@host.x/a")]
    [InlineData("a___b")]
    [InlineData("a\u00e9")]
    public void What_is_no_name_is_refused(string text) =>
        Assert.Equal("InvalidReference", Assert.Throws<LumosException>(() => OciReference.Parse(text)).Code);

    [Theory]
    [InlineData("oci:/a/b", "oci:/a/b")]
    [InlineData("oci:b:1.0", "oci:b:1.0")]
    [InlineData("oci-archive:/a.tar", "oci-archive:/a.tar")]
    [InlineData("docker-archive:/a.tar", "docker-archive:/a.tar")]
    [InlineData("docker-archive:/a.tar:x:1", "docker-archive:/a.tar:x:1")]
    [InlineData("docker://x:1", "x:1")]
    [InlineData("x:1", "x:1")]
    public void Transports_are_those_of_skopeo(string text, string shown) => Assert.Equal(shown, OciImageName.Parse(text).ToString());

    [Theory]
    [InlineData("oci:")]
    [InlineData("dir:/a")]
    [InlineData("docker-daemon:a:b")]
    public void A_transport_that_is_not_here_is_refused(string text) =>
        Assert.Equal("InvalidReference", Assert.Throws<LumosException>(() => OciImageName.Parse(text)).Code);

    [Fact]
    public void UUIDs_of_layers_are_those_of_SmartOS()
    {
        OciDigest a = OciDigest.Parse("sha256:" + new string('a', 64)), b = OciDigest.Parse("sha256:" + new string('b', 64));
        // printf 'sha256:aaa… sha256:bbb…' | sha256sum, its first 32 digits.
        Assert.Equal(["9f447b1b-473d-3598-84f2-b8541a1ad0b7", "ccd72292-8bd9-2476-ba17-45586fed6e45"], LayerChain.Of([a, b]).Select(u => u.ToString()));
        Assert.Equal(LayerChain.Of([a, b])[1], LayerChain.WithConfig([a], b));
    }
}
