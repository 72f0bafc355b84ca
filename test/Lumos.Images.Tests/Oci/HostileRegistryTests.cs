using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Fetch;
using Lumos.Images.Oci;
using Lumos.Images.Store;
using Lumos.Testing;
using Xunit;
using static Lumos.Testing.ScriptedHttpServer;

namespace Lumos.Images.Tests.Oci;

/// <summary>Registries in this process that answer what no honest one would.</summary>
public sealed class HostileRegistryTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_token_is_fetched_from_where_the_registry_says_and_used()
    {
        var asked = new List<string>();
        using var tokens = new ScriptedHttpServer(head =>
        {
            lock (asked)
            {
                asked.Add(head.Split('\n')[0]);
            }
            return Reply(200, """{"token": "t0ken"}"""u8.ToArray());
        });
        byte[] manifest = Encoding.UTF8.GetBytes("""{"schemaVersion": 2, "manifests": []}""");
        using var server = new ScriptedHttpServer(head => head.Contains("Authorization: Bearer t0ken", StringComparison.OrdinalIgnoreCase)
            ? Reply(200, manifest)
            : Reply(401, [], null, $"WWW-Authenticate: Bearer realm=\"{tokens.Url}/token\",service=\"reg\",scope=\"repository:a/b:pull\""));
        using var client = Client(server, "a/b:1");
        Assert.Equal(manifest, client.ReadRoot());
        Assert.StartsWith("GET /token?service=reg&scope=repository%3Aa%2Fb%3Apull ", Assert.Single(asked));
    }

    [Theory]
    [InlineData("file:///etc/shadow", "neither http nor https")]
    [InlineData("gopher://127.0.0.1/", "neither http nor https")]
    public void Where_no_redirect_may_lead_none_is_followed(string location, string says)
    {
        using var server = new ScriptedHttpServer(_ => Reply(307, [], null, $"Location: {location}"));
        using var client = Client(server, "a:1");
        var error = Assert.Throws<FetchException>(() => client.ReadRoot());
        Assert.Contains(says, error.Message);
    }

    [Fact]
    public void A_redirect_without_end_ends()
    {
        using var server = new ScriptedHttpServer(_ => Reply(307, [], null, "Location: /again"));
        using var client = Client(server, "a:1");
        Assert.Contains("on and on", Assert.Throws<FetchException>(() => client.ReadRoot()).Message);
    }

    [Fact]
    public void A_server_of_the_world_leads_to_no_address_of_this_machine()
    {
        int connections = 0;
        using var server = new ScriptedHttpServer(_ =>
        {
            Interlocked.Increment(ref connections);
            return Reply(200, []);
        });
        using var http = new HttpFetcher(new FetchOptions { Fence = new RedirectFence(new Uri("https://registry.example/")) });
        Assert.Contains("an address of this machine", Assert.Throws<FetchException>(() => http.GetBytes(server.Url, 10)).Message);
        Assert.Contains("an address of this machine", Assert.Throws<FetchException>(() => http.GetBytes(server.Url.Replace("127.0.0.1", "localhost"), 10)).Message);
        Assert.Equal(0, connections);
    }

    [Fact]
    public void A_server_that_we_are_sent_on_to_gets_no_credentials()
    {
        string? seen = null;
        using var other = new ScriptedHttpServer(head =>
        {
            seen = head;
            return Reply(200, "{}"u8.ToArray());
        });
        using var server = new ScriptedHttpServer(_ => Reply(307, [], null, $"Location: {other.Url}/x"));
        using var http = new HttpFetcher(new FetchOptions { Fence = new RedirectFence(new Uri(server.Url)) });
        http.GetBytes(server.Url, 10, authorization: "Bearer secret");
        Assert.DoesNotContain("secret", seen);
    }

    [Fact]
    public void A_name_with_a_digest_is_that_or_nothing()
    {
        byte[] manifest = Encoding.UTF8.GetBytes("""{"schemaVersion": 2, "manifests": []}""");
        using var server = new ScriptedHttpServer(_ => Reply(200, manifest, null, $"Docker-Content-Digest: sha256:{new string('a', 64)}"));
        using var client = Client(server, $"a@sha256:{new string('a', 64)}");
        var error = Assert.Throws<LumosException>(() => client.ReadRoot());
        Assert.Equal("DownloadError", error.Code);
        Assert.Contains(OciLayoutMaker.Digest(manifest), error.Message);
    }

    [Fact]
    public void A_manifest_without_end_is_cut_off()
    {
        using var server = new ScriptedHttpServer(_ => Reply(200, new byte[5 << 20]));
        using var client = Client(server, "a:1");
        Assert.Contains("longer than", Assert.Throws<FetchException>(() => client.ReadRoot()).Message);
    }

    [Fact]
    public void A_layer_that_is_longer_than_it_was_to_be_is_cut_off_and_a_short_one_refused()
    {
        using var server = new ScriptedHttpServer(_ => Reply(200, new byte[100]));
        foreach (int size in (int[])[50, 200])
        {
            using var client = Client(server, "a:1");
            var blob = new OciDescriptor("", OciDigest.Parse(OciLayoutMaker.Digest(new byte[size])), size);
            var error = Assert.ThrowsAny<LumosException>(() => client.Bring(blob, _ => { }));
            Assert.Contains(size == 50 ? "longer than the 50 bytes" : "100 bytes instead of 200", error.Message);
        }
    }

    private RegistryClient Client(ScriptedHttpServer server, string name) => new(
        OciReference.Parse($"{new Uri(server.Url).Authority}/{name}"), new RegistryAccess("http"), new FetchOptions(), new ImagePaths(_folder.Path), _ => { });
}
