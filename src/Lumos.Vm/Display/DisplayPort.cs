using System.Net;
using System.Net.Sockets;

namespace Lumos.Vm.Display;

/// <summary>A port at which viewers of one machine's screen connect.</summary>
internal sealed class DisplayPort : IDisposable
{
    private readonly Socket _listener;
    private readonly Action<Socket> _show;

    private DisplayPort(WantedDisplay wanted, Socket listener, Action<Socket> show)
    {
        (Wanted, _listener, _show) = (wanted, listener, show);
        var at = (IPEndPoint)listener.LocalEndPoint!;
        Record = new DisplayRecord(at.Address.ToString(), at.Port);
        _ = Serve();
    }

    internal WantedDisplay Wanted { get; }

    internal DisplayRecord Record { get; }

    /// <param name="show">Hands a viewer over; it is closed here afterwards, and stays open where it was handed to.</param>
    /// <exception cref="SocketException">The port is somebody else's.</exception>
    internal static DisplayPort Open(WantedDisplay wanted, IPEndPoint at, Action<Socket> show)
    {
        var listener = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(at);
            listener.Listen();
            return new DisplayPort(wanted, listener, show);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    public void Dispose() => _listener.Dispose();

    private async Task Serve()
    {
        while (true)
        {
            try
            {
                using var viewer = await _listener.AcceptAsync().ConfigureAwait(false);
                viewer.NoDelay = true;
                _show(viewer);
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted or SocketError.Interrupted })
            {
                return;
            }
            catch (SocketException)
            {
                // A viewer that left before it was let in.
            }
        }
    }
}
