using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Vm.Info;

/// <summary>
/// A connection to vminfod. Requests and answers are lines of JSON: {"op":"list"}, {"op":"get","uuid":U},
/// {"op":"refresh","uuid":U}, {"op":"status"}. An answer is one line {"ok":true,"count":N} and N lines, each an object;
/// or {"ok":false,"code":C,"message":M}.
/// </summary>
public sealed class VmInfoClient : IDisposable
{
    /// <summary>What a busy vminfod may take before we look for ourselves.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly StreamReader _reader;

    private VmInfoClient(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: false);
        _reader = new StreamReader(_stream, new UTF8Encoding(false), false, 64 << 10);
    }

    /// <summary>Null: vminfod is not running.</summary>
    public static VmInfoClient? TryConnect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            socket.ReceiveTimeout = socket.SendTimeout = (int)Patience.TotalMilliseconds;
            return new VmInfoClient(socket);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable
            or SocketError.SocketError || e.NativeErrorCode is 2 or 111 or 20)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Every VM, each the line that vminfod keeps of it.</summary>
    public IReadOnlyList<string> List() => Ask(new JsonObject { ["op"] = "list" });

    /// <summary>The line of one VM; null: there is none.</summary>
    public string? Get(string uuid) => Ask(new JsonObject { ["op"] = "get", ["uuid"] = uuid }).FirstOrDefault();

    /// <summary>Returns once vminfod has looked at the VM again.</summary>
    public void Refresh(string uuid) => Ask(new JsonObject { ["op"] = "refresh", ["uuid"] = uuid });

    public JsonObject Status() => (JsonObject)JsonNode.Parse(Ask(new JsonObject { ["op"] = "status" })[0])!;

    public void Dispose()
    {
        _reader.Dispose();
        _stream.Dispose();
        _socket.Dispose();
    }

    private List<string> Ask(JsonObject request)
    {
        _stream.Write([.. JsonText.Line(request), (byte)'\n']);
        string head = _reader.ReadLine() ?? throw new IOException("vminfod closed the connection");
        var answer = JsonNode.Parse(head) as JsonObject ?? throw new IOException("vminfod sent something else than an answer");
        if (answer["ok"]?.GetValue<bool>() != true)
        {
            throw new LumosException(JsonText.Plain(answer["code"]), JsonText.Plain(answer["message"]));
        }
        int count = answer["count"]?.GetValue<int>() ?? 0;
        var lines = new List<string>(count);
        while (lines.Count < count)
        {
            lines.Add(_reader.ReadLine() ?? throw new IOException("vminfod closed the connection in the middle of an answer"));
        }
        return lines;
    }
}
