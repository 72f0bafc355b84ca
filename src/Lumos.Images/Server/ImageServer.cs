using System.Net;
using System.Net.Sockets;

namespace Lumos.Images.Server;

/// <summary>
/// A small image server: the read side of SmartOS's IMGAPI over HTTP/1.1, from a folder of NAME.json (manifest v2) beside
/// NAME.zfs[.gz|.bz2|.xz|.zst] (the stream).
/// <para>
/// It answers GET and HEAD of /ping, /images (filters by query), /images/UUID and /images/UUID/file (ranges, ETag,
/// Content-MD5). The folder is read anew for every request: files may be added while it runs. A file is never named by the
/// request, only found through the UUID of its manifest, so that no path can lead out of the folder.
/// </para>
/// <para>
/// Each connection is one asynchronous task with one 64 KiB buffer, whatever is downloaded; at most
/// <see cref="MaxConnections"/> at a time, more wait in the kernel's backlog. <see cref="Stop"/> lets running answers end
/// within a grace time. HttpListener was not used since it answers only to the Host names it was told of (a guest knows the
/// host by an address of its own), nor ASP.NET Core, which is larger than all the rest.
/// </para>
/// Tested by imports over loopback, cut connections included.
/// </summary>
public sealed class ImageServer : IDisposable
{
    public const int MaxConnections = 256;

    private readonly TcpListener _listener;
    private readonly ImageRoutes _routes;
    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly SemaphoreSlim _room = new(MaxConnections);
    private readonly Action<string> _log;
    private readonly Task _accepting;

    private ImageServer(TcpListener listener, ImageRoutes routes, Action<string> log)
    {
        _listener = listener;
        _routes = routes;
        _log = log;
        EndPoint = (IPEndPoint)listener.LocalEndpoint;
        _accepting = Task.Run(Accept);
    }

    /// <summary>Where it listens; the port is the real one.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Such as http://127.0.0.1:40123.</summary>
    public string Url => $"http://{EndPoint}";

    /// <summary>Begins to serve; returns as soon as connections are taken.</summary>
    /// <param name="folder">Manifests and streams.</param>
    /// <param name="address">Null: 127.0.0.1.</param>
    /// <param name="port">0: any free one, see <see cref="EndPoint"/>.</param>
    /// <param name="log">Gets a line per request and per file that is passed over.</param>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public static ImageServer Start(string folder, IPAddress? address = null, int port = 0, Action<string>? log = null)
    {
        var listener = new TcpListener(address ?? IPAddress.Loopback, port);
        listener.Start(backlog: 512);
        log ??= _ => { };
        return new ImageServer(listener, new ImageRoutes(new ImageCatalogue(folder, log)), log);
    }

    /// <summary>Takes no more connections; running answers have <paramref name="grace"/> to end, then are cut.</summary>
    public void Stop(TimeSpan grace)
    {
        if (_closing.IsCancellationRequested)
        {
            return;
        }
        _closing.Cancel();
        _listener.Stop();
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
        _listener.Dispose();
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
                var client = await _listener.AcceptSocketAsync(_closing.Token);
                _ = Serve(client);
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
            client.NoDelay = true;
            await using var connection = new HttpConnection(client, _closing.Token, _aborting.Token);
            await connection.Run(_routes.Answer, _log);
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
