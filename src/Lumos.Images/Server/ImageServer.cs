using System.Net;
using System.Net.Sockets;
using Lumos.Drivers.Http;

namespace Lumos.Images.Server;

/// <summary>
/// A small image server: the read side of SmartOS's IMGAPI over HTTP/1.1, from a folder of NAME.json (manifest v2) beside
/// NAME.zfs[.gz|.bz2|.xz|.zst] (the stream).
/// <para>
/// It answers GET and HEAD of /ping, /images (filters by query), /images/UUID and /images/UUID/file (ranges, ETag,
/// Content-MD5). The folder is read anew for every request: files may be added while it runs. A file is never named by the
/// request, only found through the UUID of its manifest, so that no path can lead out of the folder.
/// </para>
/// Tested by imports over loopback, cut connections included.
/// </summary>
public sealed class ImageServer : IDisposable
{
    private readonly HttpServer _server;

    private ImageServer(Socket listener, ImageRoutes routes, Action<string> log)
    {
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
        _server = new HttpServer(listener, "lumos-images", request => ValueTask.FromResult(routes.Answer(request)), log);
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
        address ??= IPAddress.Loopback;
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            listener.Bind(new IPEndPoint(address, port));
            listener.Listen(512);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
        log ??= _ => { };
        return new ImageServer(listener, new ImageRoutes(new ImageCatalogue(folder, log)), log);
    }

    /// <summary>Takes no more connections; running answers have <paramref name="grace"/> to end, then are cut.</summary>
    public void Stop(TimeSpan grace) => _server.Stop(grace);

    public void Dispose() => _server.Dispose();
}
