using System.Text;
using Lumos.Drivers.Fetch;
using Lumos.Testing;
using Xunit;

namespace Lumos.Drivers.Tests.Fetch;

public sealed class SendTests
{
    [Fact]
    public void A_secret_goes_to_the_server_it_is_for_and_not_to_where_it_sends_us()
    {
        string? head = null, elsewhereHead = null;
        using var elsewhere = new ScriptedHttpServer(h =>
        {
            elsewhereHead = h;
            return ScriptedHttpServer.Reply(200, "{}"u8.ToArray());
        });
        using var server = new ScriptedHttpServer(h =>
        {
            head = h;
            return ScriptedHttpServer.Reply(302, [], null, $"Location: {elsewhere.Url}/");
        });
        using var fetcher = new HttpFetcher(new FetchOptions { Bearer = "sesame" });
        _ = fetcher.GetBytes(server.Url, 100);
        Assert.Contains("Bearer sesame", head);
        Assert.DoesNotContain("sesame", elsewhereHead);
    }

    [Fact]
    public void What_a_server_says_of_its_refusal_is_told_without_its_control_characters()
    {
        using var server = new ScriptedHttpServer(_ => ScriptedHttpServer.Reply(422, Encoding.UTF8.GetBytes("""{"code": "TooRed", "message": "it is \u001b[31m red"}""")));
        using var fetcher = new HttpFetcher();
        var fault = Assert.Throws<FetchException>(() => fetcher.Send(HttpMethod.Post, server.Url, "{}"u8.ToArray(), 100));
        Assert.Equal(("TooRed", 422), (fault.ServerCode, fault.Status));
        Assert.Contains("it is  [31m red (TooRed)", fault.Message);
    }

    [Fact]
    public void An_upload_that_its_caller_stops_is_no_failure_of_the_server()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, new byte[10 << 20]);
            using var server = new ScriptedHttpServer(_ => "HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray());
            using var fetcher = new HttpFetcher(new FetchOptions { Timeout = TimeSpan.FromSeconds(20) });
            var clock = System.Diagnostics.Stopwatch.StartNew();
            var fault = Assert.ThrowsAny<Exception>(() => fetcher.Upload(server.Url, file, 100, _ => throw new OperationCanceledException()));
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15));
            Assert.DoesNotContain("no answer within", fault.Message);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
