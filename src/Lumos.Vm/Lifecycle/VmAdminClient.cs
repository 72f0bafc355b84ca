using System.Net.Http;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Display.Web;

namespace Lumos.Vm.Lifecycle;

/// <summary>Asks vmadmd (<see cref="VmAdminRequests"/>).</summary>
internal static class VmAdminClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <exception cref="LumosException">VmadmdSilent; what vmadmd says is in the way.</exception>
    internal static WebInvitation Invite(string socket, string uuid)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = (_, stop) => Connect(socket, stop) }) { Timeout = Patience };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://vmadmd/vms/{uuid}?action=show-screen");
            using var response = client.Send(request);
            using var reader = new StreamReader(response.Content.ReadAsStream());
            var answer = JsonNode.Parse(reader.ReadToEnd())!;
            return response.IsSuccessStatusCode
                ? new WebInvitation((string)answer["url"]!, (string)answer["fingerprint"]!, (int)answer["seconds"]!)
                : throw new LumosException((string)answer["code"]!, (string)answer["message"]!);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            throw new LumosException("VmadmdSilent", "vmadmd, which shows screens, does not answer (\"svcs -x vmadmd\" says why)", inner: e);
        }
    }

    private static async ValueTask<Stream> Connect(string path, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
