using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Lumos.Testing;

/// <summary>
/// A proxy as those that http_proxy and https_proxy name: GET of a whole URL, and CONNECT. It knows names that nobody else
/// knows, as the proxy of a firm does: where they lead is told to it.
/// </summary>
public sealed class TestProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly IReadOnlyDictionary<string, IPEndPoint> _names;

    /// <param name="names">HOST:PORT → where it is.</param>
    public TestProxy(IReadOnlyDictionary<string, IPEndPoint> names)
    {
        _names = names;
        _listener.Start();
        _ = Accept();
    }

    public string Url => $"http://{_listener.LocalEndpoint}";

    /// <summary>The first lines of all requests, without their versions.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

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
        await Task.Yield();
        try
        {
            var near = client.GetStream();
            string head = await Head(near);
            string[] words = head.Split("\r\n")[0].Split(' ');
            Asked.Enqueue($"{words[0]} {words[1]}");
            bool tunnel = words[0] == "CONNECT";
            var uri = tunnel ? null : new Uri(words[1]);
            if (!_names.TryGetValue(uri is null ? words[1] : $"{uri.Host}:{uri.Port}", out var place))
            {
                await near.WriteAsync(ScriptedHttpServer.Reply(502, []), _stop.Token);
                return;
            }
            using var server = new TcpClient();
            await server.ConnectAsync(place, _stop.Token);
            var far = server.GetStream();
            await (tunnel ? near.WriteAsync("HTTP/1.1 200 x\r\n\r\n"u8.ToArray(), _stop.Token) : far.WriteAsync(Encoding.ASCII.GetBytes(head.Replace(words[1], uri!.PathAndQuery, StringComparison.Ordinal)), _stop.Token));
            await Task.WhenAny(near.CopyToAsync(far, _stop.Token), far.CopyToAsync(near, _stop.Token));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // One of both has left, or the test is over.
        }
    }

    private async Task<string> Head(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1]; // what follows the head is the tunnel's
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0)
            {
                throw new IOException("cut");
            }
            head.Append((char)one[0]);
        }
        return head.ToString();
    }
}
