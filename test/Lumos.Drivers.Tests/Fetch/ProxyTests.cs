using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Lumos.Drivers.Fetch;
using Lumos.Testing;
using Xunit;

namespace Lumos.Drivers.Tests.Fetch;

/// <summary>
/// Through a proxy that is at an address of our own network, as proxies are, to servers of the world; and that nobody there leads us
/// to our own network by it.
/// </summary>
public sealed class ProxyTests : IDisposable
{
    private readonly ScriptedHttpServer _far, _own;
    private readonly TestProxy _proxy;
    private string _sendsTo = "";

    public ProxyTests()
    {
        _own = new ScriptedHttpServer(_ => ScriptedHttpServer.Reply(200, "secret"u8.ToArray()));
        _far = new ScriptedHttpServer(head => head.Contains("/away ", StringComparison.Ordinal)
            ? ScriptedHttpServer.Reply(302, [], null, $"Location: {_sendsTo}") : ScriptedHttpServer.Reply(200, "far"u8.ToArray()));
        var far = Place(_far.Url);
        _proxy = new TestProxy(new Dictionary<string, IPEndPoint>
        {
            ["far.invalid:80"] = far, ["other.invalid:80"] = far, [$"{Place(_own.Url)}"] = Place(_own.Url), [$"localhost:{Place(_own.Url).Port}"] = Place(_own.Url),
        });
    }

    public void Dispose()
    {
        _proxy.Dispose();
        _far.Dispose();
        _own.Dispose();
    }

    private static IPEndPoint Place(string url) => new(IPAddress.Loopback, new Uri(url).Port);

    private string Get(string url, IWebProxy? proxy = null, bool insecure = false)
    {
        using var http = new HttpFetcher(new FetchOptions
        {
            Timeout = TimeSpan.FromSeconds(10), Fence = new RedirectFence(new Uri(url)), Proxy = proxy ?? new WebProxy(_proxy.Url), Insecure = insecure,
        });
        return Encoding.ASCII.GetString(http.GetBytes(url, 1000));
    }

    private string Refused(string to, IWebProxy? proxy = null)
    {
        _sendsTo = to;
        return Assert.ThrowsAny<Exception>(() => Get("http://far.invalid/away", proxy)).Message;
    }

    [Fact]
    public void A_server_of_the_world_is_reached_by_a_proxy_of_our_network()
    {
        Assert.Equal("far", Get("http://far.invalid/x"));
        Assert.Equal(["GET http://far.invalid/x"], _proxy.Asked);
    }

    [Fact]
    public void A_secure_one_too_by_a_tunnel()
    {
        using var secure = new TlsServer();
        using var proxy = new TestProxy(new Dictionary<string, IPEndPoint> { ["far.invalid:443"] = secure.Place });
        Assert.Equal("secure", Get("https://far.invalid/x", new WebProxy(proxy.Url), insecure: true));
        Assert.Equal(["CONNECT far.invalid:443"], proxy.Asked);
    }

    [Fact]
    public void To_another_one_of_the_world_we_are_sent_and_by_the_proxy()
    {
        _sendsTo = "http://other.invalid/x";
        Assert.Equal("far", Get("http://far.invalid/away"));
        Assert.Equal(["GET http://far.invalid/away", "GET http://other.invalid/x"], _proxy.Asked);
    }

    [Fact]
    public void To_an_address_of_our_network_we_are_not_sent_though_the_proxy_would_go_there()
    {
        Assert.Contains("an address of this machine or its network", Refused($"{_own.Url}/x"), StringComparison.Ordinal);
        Assert.Equal(["GET http://far.invalid/away"], _proxy.Asked);
    }

    [Fact]
    public void To_a_name_that_goes_past_the_proxy_we_are_not_sent_when_it_is_of_our_network()
    {
        // As no_proxy=localhost says it.
        var proxy = new WebProxy(_proxy.Url, BypassOnLocal: false, BypassList: ["localhost"]);
        Assert.Contains("an address of this machine or its network", Refused($"http://localhost:{Place(_own.Url).Port}/x", proxy), StringComparison.Ordinal);
    }

    [Fact]
    public void A_proxy_that_refuses_and_one_of_a_kind_that_is_not_known_are_told_of()
    {
        Assert.Contains("502", Assert.Throws<FetchException>(() => Get("http://nowhere.invalid/x")).Message, StringComparison.Ordinal);
        Assert.Contains("cannot fetch", Assert.Throws<FetchException>(() => Get("https://nowhere.invalid/x")).Message, StringComparison.Ordinal);
        Assert.Contains("cannot fetch", Assert.Throws<FetchException>(() => Get("http://far.invalid/x", new WebProxy("ftp://127.0.0.1:1"))).Message, StringComparison.Ordinal);
    }

    /// <summary>Answers every request with one word.</summary>
    private sealed class TlsServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly X509Certificate2 _certificate;

        public TlsServer()
        {
            using var key = RSA.Create(2048);
            var request = new CertificateRequest("CN=far.invalid", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
            _certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
            _listener.Start();
            _ = Serve();
        }

        public IPEndPoint Place => (IPEndPoint)_listener.LocalEndpoint;

        public void Dispose()
        {
            _listener.Dispose();
            _certificate.Dispose();
        }

        private async Task Serve()
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync();
                await using var stream = new SslStream(client.GetStream());
                await stream.AuthenticateAsServerAsync(_certificate);
                _ = await stream.ReadAsync(new byte[4096]);
                await stream.WriteAsync(ScriptedHttpServer.Reply(200, "secure"u8.ToArray()));
                await stream.ShutdownAsync();
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
