using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Http;
using Lumos.Linux.Handles;
using Lumos.Linux.Sockets;
using Lumos.Vm.Host;

namespace Lumos.Vm.Display.Web;

/// <summary>
/// Shows screens of hardware VMs to browsers: a page (noVNC) over HTTPS on the admin address, whose websocket is joined to the guest's screen.
///
/// Who may look: who has a ticket, which <c>vmadm console --web</c> asks for over a socket that is root's. It stands in the address's fragment, which browsers keep to themselves, and is
/// shown once, in the handshake of the websocket. The page itself is no secret: what it is made of is on every machine alike. A ticket is as good as the VNC password, which is not asked for.
/// Who attacks: whoever reaches the admin network, a page of somebody else's in the operator's browser (the websocket is refused to it), the guest (its RFB is read by noVNC in a sandbox).
/// Ownership. Nothing is open until somebody has asked for a ticket; from then on the port is, until the daemon ends. Each viewer is one connection with two buffers of 32 KiB. QEMU is
/// given one end of a pair of sockets, as it is given viewers that come by VNC, and no viewer outlives us here.
/// Tests: tickets, handshake and TLS in WebConsoleTests; a browser that sees and types in Host/WebConsoleHostTests.
/// </summary>
internal sealed class WebConsole : IDisposable
{
    /// <summary>Where noVNC is usually found; any other when it is somebody's.</summary>
    private const int UsualPort = 6080;

    private static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(10);

    private readonly VmHost _host;
    private readonly JsonLog _log;
    private readonly WebPlaces _places;
    private readonly Action<string, FileDescriptor> _show;
    private readonly ViewerTickets _tickets;
    private readonly Lock _lock = new();
    private Opened? _opened;

    /// <param name="show">Hands a connection to the QEMU of a VM (UUID), which then speaks RFB over it without a password.</param>
    internal WebConsole(VmHost host, JsonLog log, WebPlaces places, Action<string, FileDescriptor> show)
    {
        (_host, _log, _places, _show, _tickets) = (host, log, places, show, new ViewerTickets(host.Clock));
    }

    /// <summary>An address at which one viewer sees the screen of a VM that runs.</summary>
    /// <exception cref="LumosException">NoAdminAddress, NoConsolePage.</exception>
    internal WebInvitation Invite(string uuid)
    {
        lock (_lock)
        {
            var address = _places.Address() ?? throw new LumosException("NoAdminAddress", "the machine has no admin address");
            if (_opened is { } old && !old.At.Address.Equals(address))
            {
                old.Dispose(); // the machine is somewhere else now
                _opened = null;
            }
            _opened ??= Open(address);
            return new WebInvitation($"https://{_opened.At}/{uuid}#{_tickets.Issue(uuid)}", _opened.Fingerprint, (int)ViewerTickets.Life.TotalSeconds);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _opened?.Dispose();
            _opened = null;
        }
    }

    private Opened Open(IPAddress address)
    {
        var files = new WebFiles(_places.Page);
        var certificate = WebCertificate.ReadOrMake(_places.Certificate, address);
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            try
            {
                listener.Bind(new IPEndPoint(address, UsualPort));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                listener.Bind(new IPEndPoint(address, 0));
            }
            listener.Listen();
            var at = (IPEndPoint)listener.LocalEndPoint!;
            var server = new HttpServer(listener, "LumOS", request => ValueTask.FromResult(Answer(files, request)), _ => { }, (client, over) => Secure(client, certificate, over));
            return new Opened(server, certificate, at);
        }
        catch
        {
            listener.Dispose();
            certificate.Dispose();
            throw;
        }
    }

    private static async ValueTask<Stream> Secure(Socket client, X509Certificate2 certificate, CancellationToken over)
    {
        client.NoDelay = true;
        var stream = new SslStream(new NetworkStream(client));
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(over);
            patience.CancelAfter(HandshakeTime);
            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 }, patience.Token);
            return stream;
        }
        catch (Exception e)
        {
            await stream.DisposeAsync();
            throw e is AuthenticationException ? new IOException("no TLS", e) : e;
        }
    }

    private HttpResponse Answer(WebFiles files, HttpRequest request)
    {
        if (request.Path.Split('/') is ["", var uuid, "screen"] && Uuid.TryParse(uuid, out _))
        {
            return Handshake.Fault(request) is { } fault ? HttpResponse.Fault(400, "BadRequest", fault)
                : !Handshake.IsOfOurPage(request) ? Refuse(uuid, "it comes from another page")
                : !_tickets.Redeem(uuid, Handshake.Ticket(request)) ? Refuse(uuid, "its ticket is not good (any more)")
                : Handshake.Accept(request, (stream, over) => Show(uuid, stream, over));
        }
        return request.Method is not ("GET" or "HEAD") ? HttpResponse.Fault(405, "MethodNotAllowed", $"{request.Method} is not done here")
            : files.Find(request.Path) ?? HttpResponse.Fault(404, "ResourceNotFound", "there is no such page");
    }

    private HttpResponse Refuse(string uuid, string why)
    {
        _log.Warn("a viewer of a screen is sent away", ("vm", uuid), ("reason", why));
        return HttpResponse.Fault(403, "Forbidden", $"this is refused: {why}");
    }

    private async Task Show(string uuid, Stream stream, CancellationToken over)
    {
        using var page = ViewerBridge.Open(stream);
        var (ours, its) = UnixSocket.Pair();
        using (ours)
        {
            using var screen = new Socket(new SafeSocketHandle(ours.Descriptor.DangerousGetHandle(), ownsHandle: false));
            try
            {
                using (its)
                {
                    await Task.Run(() => _show(uuid, its.Descriptor), over);
                }
            }
            catch (Exception e) when (e is LumosException or IOException)
            {
                _log.Warn("a screen cannot be shown", ("vm", uuid), ("error", LumosException.Describe(e)));
                await ViewerBridge.Close(page, WebSocketCloseStatus.EndpointUnavailable, "the machine does not run, or does not answer");
                return;
            }
            _log.Info("a screen is shown", ("vm", uuid));
            await ViewerBridge.Join(page, screen, over);
        }
    }

    private sealed record Opened(HttpServer Server, X509Certificate2 Certificate, IPEndPoint At) : IDisposable
    {
        internal string Fingerprint { get; } = WebCertificate.Fingerprint(Certificate);

        public void Dispose()
        {
            Server.Dispose();
            Certificate.Dispose();
        }
    }
}

/// <summary>Where the page is shown, and what it is made of.</summary>
/// <param name="Address">To listen at; null: there is none (yet).</param>
/// <param name="Page">Folder of the page's files.</param>
/// <param name="Certificate">File of certificate and key.</param>
internal sealed record WebPlaces(Func<IPAddress?> Address, string Page, string Certificate)
{
    internal static WebPlaces OfMachine { get; } = new(AdminAddress.Find, WebFiles.Folder, "/usbkey/console.pem");
}

/// <summary>Where a screen can be seen, once.</summary>
/// <param name="Url">With the ticket in it.</param>
/// <param name="Fingerprint">SHA-256 of the certificate by which the page is known.</param>
/// <param name="Seconds">How long it is good.</param>
internal sealed record WebInvitation(string Url, string Fingerprint, int Seconds);
