using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Machine;

/// <summary>QEMU's control socket: one JSON object a line each way, events in between.</summary>
public sealed class Qmp : IDisposable
{
    private readonly Socket _socket;
    private readonly StreamReader _reader;

    private Qmp(Socket socket)
    {
        _socket = socket;
        _reader = new StreamReader(new NetworkStream(socket), Encoding.UTF8);
    }

    /// <summary>Connects; each answer is waited for at most <paramref name="limit"/>.</summary>
    public static Qmp Connect(string path, TimeSpan limit)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = (int)limit.TotalMilliseconds,
            SendTimeout = (int)limit.TotalMilliseconds,
        };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            var qmp = new Qmp(socket);
            _ = qmp._reader.ReadLine(); // the greeting
            qmp.Execute("qmp_capabilities");
            return qmp;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Carries out a command and returns what it answers.</summary>
    public JsonNode? Execute(string command, JsonObject? arguments = null)
    {
        var request = new JsonObject { ["execute"] = command };
        if (arguments is not null)
        {
            request["arguments"] = arguments;
        }
        _socket.Send(Encoding.UTF8.GetBytes(request.ToJsonString() + "\n"));
        while (_reader.ReadLine() is { } line)
        {
            var reply = JsonNode.Parse(line)!.AsObject();
            if (reply["error"] is { } error)
            {
                throw new LumosException("QmpFailed", $"QEMU refused {command}: {error["desc"]}");
            }
            if (reply.ContainsKey("return"))
            {
                return reply["return"];
            }
        }
        return command == "quit" ? null : throw new LumosException("QmpFailed", $"QEMU ended before it answered {command}");
    }

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }
}
