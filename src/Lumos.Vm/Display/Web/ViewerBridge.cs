using System.Net.Sockets;
using System.Net.WebSockets;

namespace Lumos.Vm.Display.Web;

/// <summary>
/// Joins a page's websocket to a machine's screen: bytes of RFB in binary messages, whose bounds mean nothing. One buffer each way; who does not read makes the other wait, and a
/// page that does not answer for half a minute is gone.
/// </summary>
internal static class ViewerBridge
{
    private const int BufferSize = 32 << 10;

    private static readonly TimeSpan Alive = TimeSpan.FromSeconds(20), Goodbye = TimeSpan.FromSeconds(2);

    internal static WebSocket Open(Stream stream) => WebSocket.CreateFromStream(stream, new WebSocketCreationOptions
    {
        IsServer = true, SubProtocol = Handshake.Protocol, KeepAliveInterval = Alive, KeepAliveTimeout = Alive,
    });

    /// <summary>Returns when either has ended.</summary>
    internal static async Task Join(WebSocket page, Socket screen, CancellationToken over)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(over);
        var up = FromPage(page, screen, ended.Token);
        var down = FromScreen(screen, page, ended.Token);
        bool pageLeft = await Task.WhenAny(up, down) == up;
        if (!pageLeft)
        {
            await Close(page, WebSocketCloseStatus.NormalClosure, "the screen is gone");
        }
        await ended.CancelAsync();
        await Task.WhenAll(Quietly(up), Quietly(down));
    }

    /// <summary>Says why nothing is shown, in at most 123 bytes of ASCII, which is all that the protocol knows.</summary>
    internal static async Task Close(WebSocket page, WebSocketCloseStatus status, string why)
    {
        using var patience = new CancellationTokenSource(Goodbye);
        await Quietly(page.CloseOutputAsync(status, why, patience.Token));
    }

    private static async Task FromPage(WebSocket page, Socket screen, CancellationToken over)
    {
        byte[] buffer = new byte[BufferSize];
        while (true)
        {
            var got = await page.ReceiveAsync(buffer.AsMemory(), over);
            if (got.MessageType != WebSocketMessageType.Binary)
            {
                return; // a goodbye, or nothing that we speak
            }
            for (var left = buffer.AsMemory(0, got.Count); left.Length > 0;)
            {
                left = left[await screen.SendAsync(left, over)..];
            }
        }
    }

    private static async Task FromScreen(Socket screen, WebSocket page, CancellationToken over)
    {
        byte[] buffer = new byte[BufferSize];
        while (await screen.ReceiveAsync(buffer.AsMemory(), over) is var got and > 0)
        {
            await page.SendAsync(buffer.AsMemory(0, got), WebSocketMessageType.Binary, endOfMessage: true, over);
        }
    }

    private static async Task Quietly(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (e is WebSocketException or SocketException or IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One of the two has gone, which is how each of these ends.
        }
    }
}
