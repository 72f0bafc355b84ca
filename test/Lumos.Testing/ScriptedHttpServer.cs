using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Lumos.Testing;

/// <summary>
/// A web server that misbehaves as told: each connection's request head is given to a function, whose bytes are sent as
/// they are, after which the connection is closed. For cut, lying and silent servers.
/// </summary>
public sealed class ScriptedHttpServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, byte[]?> _answer;

    /// <summary>A null answer keeps the connection open and silent.</summary>
    public ScriptedHttpServer(Func<string, byte[]?> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = Accept();
    }

    public string Url => $"http://{_listener.LocalEndpoint}";

    /// <summary>An answer with a body; contentLength: what the header says, if not the truth.</summary>
    public static byte[] Reply(int status, byte[] body, long? contentLength = null, params string[] headers) =>
    [
        .. Encoding.ASCII.GetBytes($"HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {contentLength ?? body.Length}\r\n"
            + string.Concat(headers.Select(h => h + "\r\n")) + "\r\n"),
        .. body,
    ];

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task Accept()
    {
        while (true)
        {
            try
            {
                _ = Serve(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task Serve(TcpClient client)
    {
        using var owned = client;
        await Task.Yield(); // an answer that takes its time keeps nobody else waiting
        try
        {
            var stream = client.GetStream();
            var head = new StringBuilder();
            var block = new byte[4096];
            while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                int got = await stream.ReadAsync(block, _stop.Token);
                if (got == 0)
                {
                    return;
                }
                head.Append(Encoding.ASCII.GetString(block, 0, got));
            }
            if (_answer(head.ToString()) is not { } answer)
            {
                await Task.Delay(Timeout.Infinite, _stop.Token);
                return;
            }
            await stream.WriteAsync(answer, _stop.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has left, or the test is over.
        }
    }
}
