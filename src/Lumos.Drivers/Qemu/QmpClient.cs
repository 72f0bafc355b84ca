using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Handles;
using Lumos.Linux.Polling;
using Lumos.Linux.Sockets;

namespace Lumos.Drivers.Qemu;

/// <summary>
/// QEMU's own protocol (QMP) over a local socket: one JSON object a line, requests answered in their order, events between the
/// answers. QEMU speaks with one client at a time and lets others wait, so a client says what it has to say and leaves. What
/// comes from QEMU may be made by a guest that has taken it over: lines have a greatest length, answers a time.
/// </summary>
public sealed class QmpClient : IDisposable
{
    /// <summary>The code of the failure when QEMU refuses a command.</summary>
    public const string Refused = "QmpRefused";

    /// <summary>The code of the failure when nobody answers, or not in time.</summary>
    public const string Silent = "QmpSilent";

    private const int LongestLine = 4 << 20;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(200);

    private readonly UnixSocket _socket;
    private readonly TimeSpan _patience;
    private readonly Func<bool> _lives;
    private readonly List<byte> _received = [];

    private QmpClient(UnixSocket socket, TimeSpan patience, Func<bool> lives)
    {
        _socket = socket;
        _patience = patience;
        _lives = lives;
    }

    /// <summary>Connects and says hello.</summary>
    /// <param name="path">Of the socket.</param>
    /// <param name="patience">How long each answer may take.</param>
    /// <param name="lives">False: QEMU has ended, and nobody will answer.</param>
    /// <exception cref="LumosException">QmpSilent.</exception>
    public static QmpClient Connect(string path, TimeSpan patience, Func<bool>? lives = null)
    {
        UnixSocket socket;
        try
        {
            socket = UnixSocket.Connect(path);
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ECONNREFUSED)
        {
            throw new LumosException(Silent, $"nobody listens at {path}", inner: e);
        }
        var client = new QmpClient(socket, patience, lives ?? (() => true));
        try
        {
            if (client.Receive()["QMP"] is null)
            {
                throw new LumosException(Silent, $"what listens at {path} does not speak QMP");
            }
            _ = client.Execute("qmp_capabilities");
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Runs a command and returns its answer.</summary>
    /// <param name="command">As QEMU's reference of QMP names it.</param>
    /// <param name="arguments">Null: none.</param>
    /// <param name="passed">An open file that the command (getfd, add-fd) is about; QEMU has its own of it afterwards.</param>
    /// <exception cref="LumosException">QmpRefused: in QEMU's words; QmpSilent.</exception>
    public JsonNode? Execute(string command, JsonObject? arguments = null, FileDescriptor? passed = null)
    {
        var request = new JsonObject { ["execute"] = command };
        if (arguments is not null)
        {
            request["arguments"] = arguments;
        }
        byte[] line = Encoding.UTF8.GetBytes(request.ToJsonString() + "\n");
        try
        {
            int sent = passed is null ? 0 : _socket.Send(line, passed);
            _socket.Descriptor.WriteAll(line.AsSpan(sent));
        }
        catch (ErrnoException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            throw new LumosException(Silent, $"QEMU ended before it was told {command}", inner: e);
        }
        while (true)
        {
            var answer = Receive();
            if (answer["error"] is { } error)
            {
                throw new LumosException(Refused, $"QEMU refuses {command}: {(string?)error["desc"] ?? error.ToJsonString()}");
            }
            if (answer.ContainsKey("return"))
            {
                return answer["return"]?.DeepClone();
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private JsonObject Receive()
    {
        var clock = Stopwatch.StartNew();
        byte[] chunk = new byte[16384];
        while (true)
        {
            int end = _received.IndexOf((byte)'\n');
            if (end >= 0)
            {
                string line = Encoding.UTF8.GetString([.. _received.Take(end)]);
                _received.RemoveRange(0, end + 1);
                return Parse(line);
            }
            if (_received.Count > LongestLine)
            {
                throw new LumosException(Silent, "QEMU's answer is of no use: it does not end");
            }
            if (!Readiness.IsReadable(_socket.Descriptor, Step))
            {
                if (!_lives())
                {
                    throw new LumosException(Silent, "QEMU has ended");
                }
                if (clock.Elapsed > _patience)
                {
                    throw new LumosException(Silent, $"QEMU does not answer within {_patience.TotalSeconds:0} seconds");
                }
                continue;
            }
            int got = Read(chunk);
            if (got == 0)
            {
                throw new LumosException(Silent, "QEMU has closed its socket");
            }
            _received.AddRange(chunk.AsSpan(0, got));
        }
    }

    private int Read(byte[] chunk)
    {
        try
        {
            return _socket.Descriptor.Read(chunk); // not recvmsg: descriptors that a hostile QEMU sends along stay with the kernel
        }
        catch (ErrnoException e) when (e.Errno == Errno.ECONNRESET)
        {
            return 0;
        }
    }

    private static JsonObject Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject ?? throw new LumosException(Silent, "QEMU's answer is not an object");
        }
        catch (JsonException e)
        {
            throw new LumosException(Silent, "QEMU's answer is not JSON", inner: e);
        }
    }
}
