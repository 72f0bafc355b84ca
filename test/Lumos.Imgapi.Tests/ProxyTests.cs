using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Images.Tests;
using Lumos.Testing;
using Xunit;

namespace Lumos.Imgapi.Tests;

/// <summary>http_proxy and no_proxy, as a program of ours finds them in its environment: the image server asks the one that it mirrors.</summary>
public sealed class ProxyTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", true)]
    [InlineData("elsewhere.invalid", true)]
    [InlineData("far.invalid", false)] // nobody knows the name but the proxy
    public async Task A_server_is_asked_by_the_proxy_that_the_environment_names(string except, bool asked)
    {
        string uuid = $"{Guid.NewGuid()}";
        using var far = new ScriptedHttpServer(_ => ScriptedHttpServer.Reply(200, Encoding.UTF8.GetBytes(RunningServer.Manifest("far", m => m["uuid"] = uuid).ToJsonString())));
        using var proxy = new TestProxy(new Dictionary<string, IPEndPoint> { ["far.invalid:80"] = new(IPAddress.Loopback, new Uri(far.Url).Port) });
        var start = new ProcessStartInfo("dotnet",
            ["exec", Path.Combine(AppContext.BaseDirectory, "lumos-imgapi.dll"), "--data", _folder.Make("store"), "--listen", "127.0.0.1:0", "--mirror", "http://far.invalid"])
        {
            RedirectStandardOutput = true,
            Environment = { ["http_proxy"] = proxy.Url, ["no_proxy"] = except },
        };
        using var server = Process.Start(start)!;
        try
        {
            string url = "";
            while (url.Length == 0 && await server.StandardOutput.ReadLineAsync() is { } line)
            {
                url = (string?)JsonNode.Parse(line)!["url"] ?? "";
            }
            _ = server.StandardOutput.ReadToEndAsync();
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            var answer = await client.GetAsync($"{url}/images/{uuid}");
            Assert.Equal(asked ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal(asked ? [$"GET http://far.invalid/images/{uuid}"] : [], proxy.Asked);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }
    }
}
