using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Handles;
using Lumos.Linux.Sockets;

namespace Lumos.Drivers.Qemu;

/// <summary>What QEMU says on a socket on which somebody listens to it.</summary>
public abstract record QmpMessage
{
    private QmpMessage()
    {
    }

    /// <summary>QEMU takes commands from here on.</summary>
    public sealed record Hello : QmpMessage;

    /// <summary>Something has happened.</summary>
    /// <param name="Name">As QEMU's reference of QMP names it.</param>
    /// <param name="Data">Empty where the event has none.</param>
    public sealed record Event(string Name, JsonObject Data) : QmpMessage;

    /// <summary>The answer to a question of ours.</summary>
    /// <param name="Command">That was asked.</param>
    /// <param name="Value">Null: QEMU refused, or answers with nothing.</param>
    public sealed record Answer(string Command, JsonNode? Value) : QmpMessage;
}

/// <summary>
/// QMP for somebody who stays and listens, on a socket of his own: nothing here waits, so that one loop can listen to many. Commands are sent without waiting; what QEMU says is
/// taken as it comes. QEMU may be a guest's that has taken it over: a line has a greatest length, and what does not speak QMP is left.
/// </summary>
public sealed class QmpWatch : IDisposable
{
    private const int LongestLine = 256 << 10;

    private const string Capabilities = "qmp_capabilities";

    private readonly UnixSocket _socket;
    private readonly byte[] _chunk = new byte[16384];
    private readonly List<byte> _received = [];
    private bool _greeted;

    private QmpWatch(UnixSocket socket) => _socket = socket;

    /// <summary>Readable when there is something to take.</summary>
    public FileDescriptor Descriptor => _socket.Descriptor;

    /// <summary>Connects. QEMU says hello when it comes to it.</summary>
    /// <exception cref="LumosException">QmpSilent: nobody listens.</exception>
    public static QmpWatch Connect(string path)
    {
        try
        {
            return new QmpWatch(UnixSocket.Connect(path, nonBlocking: true));
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ECONNREFUSED or Errno.EAGAIN)
        {
            throw new LumosException(QmpClient.Silent, $"nobody listens at {path}", inner: e);
        }
    }

    /// <summary>Sends a command. Its answer comes among what is taken.</summary>
    /// <exception cref="LumosException">QmpSilent: QEMU has ended, or reads nothing.</exception>
    public void Send(string command)
    {
        byte[] line = Encoding.UTF8.GetBytes(new JsonObject { ["execute"] = command, ["id"] = command }.ToJsonString() + "\n");
        try
        {
            if (_socket.Send(line) == line.Length)
            {
                return;
            }
        }
        catch (ErrnoException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            throw new LumosException(QmpClient.Silent, $"QEMU ended before it was told {command}", inner: e);
        }
        throw new LumosException(QmpClient.Silent, $"QEMU does not read that it is told {command}");
    }

    /// <summary>Takes some of what has come, if anything: the descriptor stays readable where there is more.</summary>
    /// <param name="bytes">So many were taken.</param>
    /// <returns>Null: QEMU has closed its end.</returns>
    /// <exception cref="LumosException">QmpSilent: what is said is not QMP.</exception>
    public IReadOnlyList<QmpMessage>? Take(out int bytes)
    {
        bytes = 0;
        int got;
        try
        {
            got = _socket.Descriptor.Read(_chunk); // not recvmsg: descriptors that are sent along stay with the kernel
        }
        catch (ErrnoException e) when (e.Errno == Errno.ECONNRESET)
        {
            return null;
        }
        if (got == 0)
        {
            return null;
        }
        var messages = new List<QmpMessage>();
        for (bytes = Math.Max(got, 0); got > 0; got = 0)
        {
            _received.AddRange(_chunk.AsSpan(0, got));
            for (int end; (end = _received.IndexOf((byte)'\n')) >= 0;)
            {
                Understand(Encoding.UTF8.GetString([.. _received.Take(end)]), messages);
                _received.RemoveRange(0, end + 1);
            }
        }
        return _received.Count <= LongestLine ? messages : throw new LumosException(QmpClient.Silent, "what QEMU says does not end");
    }

    public void Dispose() => _socket.Dispose();

    private void Understand(string line, List<QmpMessage> messages)
    {
        JsonObject said;
        try
        {
            said = JsonNode.Parse(line) as JsonObject ?? throw new LumosException(QmpClient.Silent, "what QEMU says is not an object");
        }
        catch (JsonException e)
        {
            throw new LumosException(QmpClient.Silent, "what QEMU says is not JSON", inner: e);
        }
        if (!_greeted)
        {
            _greeted = said.ContainsKey("QMP") ? true : throw new LumosException(QmpClient.Silent, "what listens there does not speak QMP");
            Send(Capabilities);
            messages.Add(new QmpMessage.Hello());
        }
        else if (Text(said["event"]) is { } name)
        {
            messages.Add(new QmpMessage.Event(name, said["data"] as JsonObject ?? []));
        }
        else if (Text(said["id"]) is { } command and not Capabilities)
        {
            messages.Add(new QmpMessage.Answer(command, said["return"]));
        }
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
