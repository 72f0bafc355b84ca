using System.Net.Sockets;

namespace Lumos.Drivers.Http;

/// <summary>
/// A small HTTP/1.1 server over any listening socket: requests without a body, answers that are bytes, files or lines that
/// come as they come. vminfod and the image server are made of it.
/// <para>
/// Each connection is one asynchronous task with one 64 KiB buffer, whatever is sent; at most <see cref="MaxConnections"/> at
/// a time, more wait in the kernel's backlog. <see cref="Stop"/> lets running answers end within a grace time. HttpListener
/// was not used since it answers only to the Host names it was told of and knows no unix sockets, nor ASP.NET Core, which is
/// larger than all the rest.
/// </para>
/// </summary>
public sealed class HttpServer : IDisposable
{
    public const int MaxConnections = 256;

    private readonly Socket _listener;
    private readonly string _name;
    private readonly Func<HttpRequest, ValueTask<HttpResponse>> _answer;
    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly SemaphoreSlim _room = new(MaxConnections);
    private readonly Action<string> _log;
    private readonly Func<Socket, CancellationToken, ValueTask<Stream>>? _open;
    private readonly Task _accepting;

    /// <summary>Serves from now on.</summary>
    /// <param name="listener">Listens already; closed by <see cref="Stop"/>.</param>
    /// <param name="name">What answers say they come from.</param>
    /// <param name="answer">Called on any thread.</param>
    /// <param name="log">Gets a line per request.</param>
    /// <param name="open">Makes the stream over which a client speaks (TLS); null: it speaks as it is. IOException: it is sent away.</param>
    public HttpServer(Socket listener, string name, Func<HttpRequest, ValueTask<HttpResponse>> answer, Action<string> log, Func<Socket, CancellationToken, ValueTask<Stream>>? open = null)
    {
        _open = open;
        _listener = listener;
        _name = name;
        _answer = answer;
        _log = log;
        _accepting = Task.Run(Accept);
    }

    /// <summary>Takes no more connections; running answers have <paramref name="grace"/> to end, then are cut.</summary>
    public void Stop(TimeSpan grace)
    {
        if (_closing.IsCancellationRequested)
        {
            return;
        }
        _closing.Cancel();
        _listener.Dispose();
        _accepting.Wait();
        _aborting.CancelAfter(grace);
        for (int i = 0; i < MaxConnections; i++)
        {
            _room.Wait(); // every slot given back: every connection has ended
        }
    }

    public void Dispose()
    {
        Stop(TimeSpan.Zero);
        _closing.Dispose();
        _aborting.Dispose();
        _room.Dispose();
    }

    private async Task Accept()
    {
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                await _room.WaitAsync(_closing.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            try
            {
                var client = await _listener.AcceptAsync(_closing.Token);
                _ = Task.Run(() => Serve(client));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                _room.Release(); // a client that was gone before we took it, or the end
            }
        }
    }

    private async Task Serve(Socket client)
    {
        try
        {
            var stream = _open is null ? new NetworkStream(client) : await _open(client, _closing.Token);
            await using var connection = new HttpConnection(client, stream, _name, _closing.Token, _aborting.Token);
            await connection.Run(_answer, _log);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went away or was cut: it knows best itself.
        }
        catch (Exception e)
        {
            _log($"a connection ended by {Core.LumosException.Describe(e)}");
        }
        finally
        {
            client.Dispose();
            _room.Release();
        }
    }
}
