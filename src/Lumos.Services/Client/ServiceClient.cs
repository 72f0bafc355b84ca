using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Sockets;
using Lumos.Services.Repository;

namespace Lumos.Services.Client;

/// <summary>The commands' end of svc.startd's socket: one question, one answer.</summary>
public interface IServiceClient
{
    /// <summary>Asks; an error of the other side comes as a LumosException with its code.</summary>
    JsonObject Ask(JsonObject request);
}

public sealed class ServiceClient(string path) : IServiceClient
{
    public const string DefaultSocket = "/run/svc/startd.sock";

    /// <summary>The environment variable that names another socket (tests).</summary>
    public const string SocketVariable = "SMF_STARTD_SOCKET";

    public static ServiceClient For(AppletContext context) => new(context.Environment(SocketVariable) ?? DefaultSocket);

    public JsonObject Ask(JsonObject request)
    {
        try
        {
            using var socket = UnixSocket.Connect(path);
            byte[] line = Encoding.UTF8.GetBytes(JsonText.Line(request) + "\n");
            for (int sent = 0; sent < line.Length;)
            {
                sent += socket.Send(line.AsSpan(sent));
            }
            using var answer = new MemoryStream();
            byte[] buffer = new byte[65536];
            int got;
            while ((got = socket.Receive(buffer, out _)) > 0)
            {
                answer.Write(buffer, 0, got);
                if (buffer[got - 1] == (byte)'\n')
                {
                    break;
                }
            }
            var response = answer.Length == 0 ? null : JsonNode.Parse(answer.ToArray()) as JsonObject;
            if (response is null)
            {
                throw new LumosException("StartdGone", "svc.startd ended while it was asked; it is being restarted, so try again");
            }
            return response["error"] is JsonObject error
                ? throw new LumosException((string)error["code"]!, (string)error["message"]!, (int)error["exit"]!)
                : response;
        }
        catch (ErrnoException e)
        {
            throw new LumosException("StartdUnreachable", $"svc.startd cannot be reached at {path}", inner: e);
        }
    }
}

public static class ServiceClientRequests
{
    public static ImmutableArray<InstanceView> Status(this IServiceClient client, bool processes = false) =>
        InstanceView.ReadAll(client.Ask(new JsonObject { ["op"] = "status", ["processes"] = processes }));

    public static JsonArray NamesOf(IEnumerable<Fmri> names) => new([.. names.Select(n => JsonValue.Create(n.ToString()))]);
}
