using System.Net;
using System.Net.Sockets;
using System.Text;
using Lumos.Drivers.Http;
using Xunit;

namespace Lumos.Drivers.Tests.Http;

public sealed class HttpServerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static TaskCompletionSource Source() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task An_answer_is_over_even_when_the_client_has_left_before_its_head()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        TaskCompletionSource asked = Source(), gone = Source(), over = Source();
        bool flowed = false;
        using var server = new HttpServer(
            listener,
            "test",
            async _ =>
            {
                asked.SetResult();
                await gone.Task;
                return new HttpResponse(200, [])
                {
                    Flow = _ =>
                    {
                        flowed = true;
                        return Task.CompletedTask;
                    },
                    Over = over.SetResult,
                };
            },
            _ => { });
        using (var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) })
        {
            await client.ConnectAsync(listener.LocalEndPoint!, TestContext.Current.CancellationToken);
            await client.SendAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"), TestContext.Current.CancellationToken);
            await asked.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
        gone.SetResult(); // reset: what is written now fails
        await over.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.False(flowed);
    }
}
