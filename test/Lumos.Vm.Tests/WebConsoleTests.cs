using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Http;
using Lumos.Linux.Handles;
using Lumos.Vm.Display.Web;
using Lumos.Vm.Lifecycle;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>Screens in a browser: who is let in, and what then travels. The screen here says back what it is told.</summary>
public sealed class WebConsoleTests : IDisposable
{
    private const string Vm = "66666666-6666-4666-8666-666666666666", OtherVm = "77777777-7777-4777-8777-777777777777";

    private readonly TestMachine _machine = new();
    private readonly JsonLog _log = JsonLog.To(Stream.Null, "vmadmd");

    [Fact]
    public void A_ticket_is_good_once_for_its_machine_and_a_minute()
    {
        var clock = new TestClock();
        var tickets = new ViewerTickets(clock);
        string ticket = tickets.Issue(Vm);
        Assert.Equal(43, ticket.Length); // 256 bits
        Assert.NotEqual(ticket, tickets.Issue(Vm));
        Assert.False(tickets.Redeem(Vm, ticket[..^1]));
        Assert.False(tickets.Redeem(Vm, ""));
        Assert.True(tickets.Redeem(Vm, ticket));
        Assert.False(tickets.Redeem(Vm, ticket));

        string wrong = tickets.Issue(Vm);
        Assert.False(tickets.Redeem(OtherVm, wrong));
        Assert.False(tickets.Redeem(Vm, wrong)); // which somebody has tried with

        string late = tickets.Issue(Vm);
        clock.Now += ViewerTickets.Life + TimeSpan.FromSeconds(1);
        Assert.False(tickets.Redeem(Vm, late));

        string first = tickets.Issue(Vm);
        for (int i = 0; i < 64; i++)
        {
            tickets.Issue(OtherVm);
        }
        Assert.False(tickets.Redeem(Vm, first));
    }

    [Theory]
    [InlineData("https://there:6080", true)]
    [InlineData("https://there:6081", false)]
    [InlineData("http://there:6080", false)]
    [InlineData("https://elsewhere", false)]
    [InlineData("null", false)]
    [InlineData(null, false)]
    public void A_websocket_is_for_the_page_that_came_from_here(string? origin, bool isOurs) =>
        Assert.Equal(isOurs, Handshake.IsOfOurPage(Request(origin is null ? [] : [("origin", origin)])));

    [Fact]
    public void A_handshake_is_answered_as_the_protocol_has_it()
    {
        var request = Request([("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("sec-websocket-protocol", "binary, ticket.abc")]);
        Assert.Null(Handshake.Fault(request));
        Assert.Equal("abc", Handshake.Ticket(request));
        Assert.Contains(KeyValuePair.Create("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), Handshake.Accept(request, (_, _) => Task.CompletedTask).Headers); // RFC 6455, 1.3
        Assert.NotNull(Handshake.Fault(Request([("sec-websocket-key", "dGhl")])));
        Assert.NotNull(Handshake.Fault(Request([("sec-websocket-version", "8")])));
        Assert.NotNull(Handshake.Fault(Request([("upgrade", "h2c")])));
        Assert.Equal("", Handshake.Ticket(Request([("sec-websocket-protocol", "binary")])));
    }

    [Fact]
    public async Task A_viewer_with_a_ticket_is_joined_to_the_screen()
    {
        using var console = Console(Echo);
        var invitation = console.Invite(Vm);
        using (var viewer = await Connect(invitation))
        {
            Assert.Equal("binary", viewer.SubProtocol);
            byte[] sent = new byte[200_000]; // more than any buffer on the way
            Random.Shared.NextBytes(sent);
            var reading = Read(viewer, sent.Length);
            await viewer.SendAsync(sent, WebSocketMessageType.Binary, true, Stop);
            Assert.Equal(sent, await reading);
        }
        await Assert.ThrowsAsync<WebSocketException>(() => Connect(invitation)); // the same ticket again
        await Assert.ThrowsAsync<WebSocketException>(() => Connect(console.Invite(Vm), path: OtherVm));
        await Assert.ThrowsAsync<WebSocketException>(() => Connect(console.Invite(Vm), origin: "https://elsewhere"));
        Assert.Equal(invitation.Fingerprint, console.Invite(OtherVm).Fingerprint);

        // Another daemon has the same certificate, and none of the tickets.
        var left = console.Invite(Vm);
        console.Dispose();
        using var next = Console(Echo);
        Assert.Equal(left.Fingerprint, next.Invite(Vm).Fingerprint);
        await Assert.ThrowsAsync<WebSocketException>(() => Connect(left));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_machine.At("usbkey/console.pem")));
    }

    [Fact]
    public async Task A_screen_that_is_not_there_is_said_to_be()
    {
        using var console = Console((_, _) => throw new LumosException("QmpSilent", "nobody listens"));
        using var viewer = await Connect(console.Invite(Vm));
        var got = await viewer.ReceiveAsync(new byte[100].AsMemory(), Stop);
        Assert.Equal((WebSocketMessageType.Close, WebSocketCloseStatus.EndpointUnavailable), (got.MessageType, viewer.CloseStatus));
    }

    [Fact]
    public async Task The_page_is_what_is_in_its_folder_and_nothing_else()
    {
        using var console = Console(Echo);
        var invitation = console.Invite(Vm);
        var at = new Uri(invitation.Url);
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = Knows(invitation);
        using var client = new HttpClient(handler) { BaseAddress = at };
        var page = await client.GetAsync(at, Stop);
        Assert.Equal("the page", await page.Content.ReadAsStringAsync(Stop));
        Assert.Contains("frame-ancestors 'none'", page.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("text/javascript", (await client.GetAsync("/novnc/core/rfb.js", Stop)).Content.Headers.ContentType!.MediaType);
        foreach (string path in (string[])["/", "/novnc", "/../console.pem", "/%2e%2e/usbkey/console.pem", "/novnc/../../usbkey/console.pem", "/etc/passwd"])
        {
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(path, Stop)).StatusCode);
        }
        Assert.Equal(HttpStatusCode.BadRequest, (await client.GetAsync($"/{Vm}/screen", Stop)).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await client.DeleteAsync("/console.js", Stop)).StatusCode);
        // Who speaks no TLS is sent away, and the next is served.
        using (var plain = new TcpClient(at.Host, at.Port))
        {
            plain.GetStream().Write("GET / HTTP/1.1\r\n\r\n"u8);
            byte[] said = new byte[100];
            Assert.InRange(await plain.GetStream().ReadAsync(said, Stop), 0, 10); // an alert, and no page
        }
        Assert.Equal("the page", await client.GetStringAsync(at, Stop));
    }

    [Fact]
    public void Vmadmd_is_asked_over_a_socket_of_roots()
    {
        MakePage();
        using var requests = VmAdminRequests.Serve(_machine.Host, _log, Places);
        string socket = _machine.Layout.AdminSocket;
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(socket));
        var invitation = VmAdminClient.Invite(socket, Vm);
        Assert.StartsWith("https://127.0.0.1:", invitation.Url);
        Assert.Equal((60, 95), (invitation.Seconds, invitation.Fingerprint.Length));
        Directory.Delete(_machine.At("page"), recursive: true);
        Assert.Equal("VmadmdSilent", Assert.Throws<LumosException>(() => VmAdminClient.Invite(socket + ".other", Vm)).Code);
    }

    [Fact]
    public void Without_a_page_or_an_address_nothing_is_shown()
    {
        using var console = new WebConsole(_machine.Host, _log, Places, Echo);
        Assert.Equal("NoConsolePage", Assert.Throws<LumosException>(() => console.Invite(Vm)).Code);
        MakePage();
        using var nowhere = new WebConsole(_machine.Host, _log, Places with { Address = () => null }, Echo);
        Assert.Equal("NoAdminAddress", Assert.Throws<LumosException>(() => nowhere.Invite(Vm)).Code);
    }

    public void Dispose()
    {
        _log.Dispose();
        _machine.Dispose();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private WebPlaces Places => new(() => IPAddress.Loopback, _machine.At("page"), _machine.At("usbkey/console.pem"));

    private WebConsole Console(Action<string, FileDescriptor> show)
    {
        MakePage();
        return new WebConsole(_machine.Host, _log, Places, show);
    }

    private void MakePage()
    {
        Directory.CreateDirectory(_machine.At("page/novnc/core"));
        Directory.CreateDirectory(_machine.At("usbkey"));
        File.WriteAllText(_machine.At("page/index.html"), "the page");
        File.WriteAllText(_machine.At("page/console.js"), "");
        File.WriteAllText(_machine.At("page/novnc/core/rfb.js"), "");
    }

    /// <summary>Takes a screen's end over, as QEMU does, and says back what it is told.</summary>
    private static void Echo(string vm, FileDescriptor end)
    {
        Assert.Equal(Vm, vm);
        var own = FileDescriptorIo.Duplicate(end);
        _ = Task.Run(() =>
        {
            using (own)
            {
                byte[] buffer = new byte[1000];
                while (own.Read(buffer) is var got and > 0)
                {
                    own.WriteAll(buffer.AsSpan(0, got));
                }
            }
        });
    }

    private static async Task<ClientWebSocket> Connect(WebInvitation invitation, string? path = null, string? origin = null)
    {
        var at = new Uri(invitation.Url);
        var viewer = new ClientWebSocket();
        viewer.Options.AddSubProtocol("binary");
        viewer.Options.AddSubProtocol("ticket." + at.Fragment[1..]);
        viewer.Options.SetRequestHeader("Origin", origin ?? $"https://{at.Authority}");
        viewer.Options.RemoteCertificateValidationCallback = Knows(invitation);
        await viewer.ConnectAsync(new Uri($"wss://{at.Authority}/{path ?? at.AbsolutePath[1..]}/screen"), Stop);
        return viewer;
    }

    private static RemoteCertificateValidationCallback Knows(WebInvitation invitation) =>
        (_, certificate, _, _) => WebCertificate.Fingerprint((X509Certificate2)certificate!) == invitation.Fingerprint;

    private static async Task<byte[]> Read(ClientWebSocket viewer, int count)
    {
        byte[] all = new byte[count];
        for (int at = 0; at < count;)
        {
            at += (await viewer.ReceiveAsync(all.AsMemory(at), Stop)).Count;
        }
        return all;
    }

    private static HttpRequest Request(IEnumerable<(string Name, string Value)> headers)
    {
        var all = new Dictionary<string, string>
        {
            ["host"] = "there:6080", ["upgrade"] = "websocket", ["connection"] = "keep-alive, Upgrade", ["sec-websocket-version"] = "13", ["sec-websocket-key"] = "dGhlIHNhbXBsZSBub25jZQ==",
        };
        foreach (var (name, value) in headers)
        {
            all[name] = value;
        }
        return new HttpRequest("GET", $"/{Vm}/screen", [], all);
    }

    private sealed class TestClock : TimeProvider
    {
        internal TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
