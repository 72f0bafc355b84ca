using System.Net;
using System.Net.Sockets;

namespace Lumos.Drivers.Fetch;

/// <summary>
/// Where a server may send us that we were told to trust with the names of things and no more: to other servers of the world by http
/// or https, never from https to http, and never to an address that only this machine or its network reaches, unless the server
/// itself is at such a one. The address counts that is connected to, not the one that a name had a moment before. Through a proxy
/// names are the proxy's to resolve: then an address that stands in the URL counts.
/// </summary>
public sealed class RedirectFence(Uri home)
{
    private bool _homeIsLocal = IPAddress.TryParse(home.IdnHost, out var literal) ? IsLocal(literal) : home.IdnHost is "localhost";

    /// <summary>What stands against going from one URL to another, as the end of a sentence; null: nothing.</summary>
    public string? Fault(Uri from, Uri to) =>
        to.Scheme is not ("http" or "https") ? $"it sends us to {to.Scheme}:, which is neither http nor https"
        : from.Scheme == "https" && to.Scheme == "http" ? $"it sends us from https to {to.GetLeftPart(UriPartial.Authority)}, which anybody on the way can read and change"
        : !_homeIsLocal && IPAddress.TryParse(to.IdnHost, out var address) && IsLocal(address) ? LocalFault(to.Host)
        : null;

    /// <summary>Connects as the fence allows.</summary>
    internal async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var (point, uri) = (context.DnsEndPoint, context.InitialRequestMessage.RequestUri!);
        // The request that asks a proxy for a tunnel bears the proxy's own URL; any other one that goes to a proxy bears its server's.
        bool isProxy = context.InitialRequestMessage.Method == HttpMethod.Connect || point.Host != uri.IdnHost || point.Port != uri.Port;
        bool isHome = !isProxy && uri.IdnHost == home.IdnHost && uri.Port == home.Port;
        var addresses = IPAddress.TryParse(point.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(point.Host, cancel).ConfigureAwait(false);
        if (!isProxy && !isHome && !_homeIsLocal && Array.Find(addresses, IsLocal) is not null)
        {
            throw new FenceException(LocalFault(uri.Host));
        }
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, point.Port, cancel).ConfigureAwait(false);
            if (isHome)
            {
                _homeIsLocal = socket.RemoteEndPoint is IPEndPoint end && IsLocal(end.Address);
            }
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>An address that means another machine elsewhere, or none: loopback, private, link-local, shared, multicast.</summary>
    public static bool IsLocal(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }
        byte[] b = address.GetAddressBytes();
        return address.AddressFamily == AddressFamily.InterNetwork
            ? b[0] is 0 or 10 or 127 or >= 224
                || (b[0] == 100 && b[1] is >= 64 and < 128)
                || (b[0] == 169 && b[1] == 254)
                || (b[0] == 172 && b[1] is >= 16 and < 32)
                || (b[0] == 192 && b[1] == 168)
            : IPAddress.IsLoopback(address) || address.Equals(IPAddress.IPv6Any) || address.IsIPv6LinkLocal || address.IsIPv6SiteLocal
                || address.IsIPv6UniqueLocal || address.IsIPv6Multicast
                // Addresses of version 4 in those of version 6, which a gateway turns back: NAT64 and 6to4.
                || (b.AsSpan().StartsWith((ReadOnlySpan<byte>)[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]) && IsLocal(new IPAddress(b.AsSpan(12))))
                || (b[0] == 0x20 && b[1] == 0x02 && IsLocal(new IPAddress(b.AsSpan(2, 4))));
    }

    private static string LocalFault(string host) => $"it sends us to {host}, an address of this machine or its network, and is itself at none";
}

/// <summary>A connection that <see cref="RedirectFence"/> does not allow.</summary>
public sealed class FenceException(string why) : IOException(why);
