using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Lumos.Core;
using Lumos.Drivers.Fetch;
using Lumos.Testing;
using Xunit;

namespace Lumos.Drivers.Tests.Fetch;

public sealed class HttpFetcherTests : IDisposable
{
    private static readonly byte[] Whole = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 31 >> 3))];

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"lumos-fetch-{Guid.NewGuid():N}");
    private readonly HttpFetcher _fetcher = new(new FetchOptions { Timeout = TimeSpan.FromSeconds(10) });

    public void Dispose()
    {
        _fetcher.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public void A_small_body_comes_whole()
    {
        using var server = new ScriptedHttpServer(_ => ScriptedHttpServer.Reply(200, "{}"u8.ToArray()));
        Assert.Equal("{}", Encoding.ASCII.GetString(_fetcher.GetBytes(server.Url + "/x", 10)));
    }

    [Fact]
    public void What_the_server_refuses_names_the_url_and_the_status()
    {
        using var server = new ScriptedHttpServer(_ => ScriptedHttpServer.Reply(404, []));
        var e = Assert.Throws<FetchException>(() => _fetcher.GetBytes(server.Url + "/x", 10));
        Assert.True(e.IsNotFound);
        Assert.Contains(server.Url + "/x", e.Message, StringComparison.Ordinal);
        Assert.Contains("404", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_body_longer_than_allowed_is_refused_with_and_without_a_length()
    {
        using var honest = new ScriptedHttpServer(_ => ScriptedHttpServer.Reply(200, new byte[11]));
        Assert.Contains("longer", Assert.Throws<FetchException>(() => _fetcher.GetBytes(honest.Url, 10)).Message, StringComparison.Ordinal);
        using var silent = new ScriptedHttpServer(_ => [.. "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"u8, .. new byte[200_000]]);
        Assert.Throws<FetchException>(() => _fetcher.GetBytes(silent.Url, 100_000));
        Assert.Throws<FetchException>(() => _fetcher.Download(silent.Url, _path, 100_000));
    }

    [Fact]
    public void A_cut_body_is_an_error_and_is_continued_by_the_next_download()
    {
        int calls = 0;
        string range = "";
        using var server = new ScriptedHttpServer(head =>
        {
            calls++;
            range = Regex.Match(head, "Range: (.*)\r").Groups[1].Value;
            return calls == 1
                ? ScriptedHttpServer.Reply(200, Whole[..40_000], Whole.Length)
                : ScriptedHttpServer.Reply(206, Whole[40_000..], null, $"Content-Range: bytes 40000-{Whole.Length - 1}/{Whole.Length}");
        });
        var e = Assert.Throws<FetchException>(() => _fetcher.Download(server.Url, _path, Whole.Length));
        Assert.Contains("cut", e.Message, StringComparison.Ordinal);
        Assert.Equal(40_000, new FileInfo(_path).Length);
        long seen = 0;
        var result = _fetcher.Download(server.Url, _path, Whole.Length, n => seen = n);
        Assert.Equal(new DownloadResult(Whole.Length, 40_000), result);
        Assert.Equal("bytes=40000-", range);
        Assert.Equal(Whole.Length, seen);
        Assert.Equal(Whole, File.ReadAllBytes(_path));
    }

    [Fact]
    public void A_server_that_cannot_continue_sends_it_whole()
    {
        File.WriteAllBytes(_path, new byte[500]);
        using var server = new ScriptedHttpServer(_ => ScriptedHttpServer.Reply(200, Whole));
        Assert.Equal(new DownloadResult(Whole.Length, 0), _fetcher.Download(server.Url, _path, Whole.Length));
        Assert.Equal(Whole, File.ReadAllBytes(_path));
    }

    [Fact]
    public void A_server_that_continues_elsewhere_is_not_believed()
    {
        File.WriteAllBytes(_path, new byte[500]);
        using var server = new ScriptedHttpServer(_ => ScriptedHttpServer.Reply(206, Whole[100..], null, $"Content-Range: bytes 100-{Whole.Length - 1}/{Whole.Length}"));
        Assert.Throws<FetchException>(() => _fetcher.Download(server.Url, _path, Whole.Length));
        Assert.Equal(0, new FileInfo(_path).Length);
    }

    [Fact]
    public void A_silent_server_runs_into_the_time_out()
    {
        using var server = new ScriptedHttpServer(_ => null);
        using var hasty = new HttpFetcher(new FetchOptions { Timeout = TimeSpan.FromMilliseconds(200) });
        Assert.Contains("no answer within", Assert.Throws<FetchException>(() => hasty.GetBytes(server.Url, 10)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_listening_is_said_so()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        string url = $"http://{probe.LocalEndpoint}/";
        probe.Stop();
        Assert.Contains("refused", Assert.Throws<FetchException>(() => _fetcher.GetBytes(url, 10)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/x")]
    [InlineData("/etc/passwd")]
    [InlineData("file:///etc/passwd")]
    public void Only_http_is_fetched(string url) =>
        Assert.Equal("InvalidUrl", Assert.Throws<LumosException>(() => _fetcher.GetBytes(url, 10)).Code);

    [Fact]
    public void What_cannot_be_written_is_an_error_of_ours()
    {
        using var server = new ScriptedHttpServer(_ => ScriptedHttpServer.Reply(200, Whole));
        Assert.Equal("DownloadNotWritten",
            Assert.Throws<LumosException>(() => _fetcher.Download(server.Url, "/nonexistent/folder/file", Whole.Length)).Code);
    }
}
