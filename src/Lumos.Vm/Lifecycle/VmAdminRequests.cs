using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Http;
using Lumos.Linux.Handles;
using Lumos.Vm.Display.Web;
using Lumos.Vm.Host;
using Lumos.Zones;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Lifecycle;

/// <summary>
/// What vmadmd can be asked, by HTTP over a socket that is root's alone: POST /vms/UUID?action=show-screen, answered with the address at which a browser sees its screen.
/// </summary>
internal sealed class VmAdminRequests : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly VmHost _host;
    private readonly string _socket;
    private readonly WebConsole _console;
    private readonly HttpServer _server;

    private VmAdminRequests(VmHost host, JsonLog log, WebPlaces places)
    {
        (_host, _socket) = (host, host.Layout.AdminSocket);
        _console = new WebConsole(host, log, places, Show);
        _server = new HttpServer(Listen(_socket), "vmadmd", request => ValueTask.FromResult(Answer(request)), _ => { });
    }

    /// <summary>Serves until it is disposed of.</summary>
    /// <param name="places">Where screens are shown; null: where this machine shows them.</param>
    internal static VmAdminRequests Serve(VmHost host, JsonLog log, WebPlaces? places = null) => new(host, log, places ?? WebPlaces.OfMachine);

    public void Dispose()
    {
        File.Delete(_socket);
        _server.Stop(Grace);
        _server.Dispose();
        _console.Dispose();
    }

    private HttpResponse Answer(HttpRequest request)
    {
        if ((request.Method, request.Path.Split('/')) is not ("POST", ["", "vms", var uuid]) || !request.Query.Contains(KeyValuePair.Create("action", "show-screen")) || !Uuid.TryParse(uuid, out _))
        {
            return HttpResponse.Fault(404, "ResourceNotFound", $"{request.Method} {request.Path} is not here; there is POST /vms/UUID?action=show-screen");
        }
        try
        {
            var invitation = _console.Invite(uuid);
            return HttpResponse.Json(new JsonObject { ["url"] = invitation.Url, ["fingerprint"] = invitation.Fingerprint, ["seconds"] = invitation.Seconds });
        }
        catch (Exception e) when (e is LumosException or SocketException or CryptographicException)
        {
            return HttpResponse.Fault(503, (e as LumosException)?.Code ?? "NoWebConsole", LumosException.Describe(e));
        }
    }

    private void Show(string uuid, FileDescriptor viewer)
    {
        using var machine = RunningMachine.Open(_host.Layout, ZoneName.Parse(_host.Load(uuid).Spec.ZoneName));
        machine.Show(viewer, password: null);
    }

    private static Socket Listen(string path)
    {
        File.Delete(path); // left by one that was killed
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite); // before listen: nobody connects with another
        socket.Listen();
        return socket;
    }
}
