using System.Diagnostics;
using System.Security.Cryptography;
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
/// The agent that a guest may run (qemu-ga), over the socket that is the other end of its port: one JSON object a line. Whoever was here before may have left without hearing an answer, so
/// each conversation begins with a mark (guest-sync-delimited). The agent is the guest's, and the guest may be anybody's: answers have a greatest length and a time, all of them together.
/// </summary>
public sealed class GuestAgent : IDisposable
{
    /// <summary>The code of the failure when the agent does not answer, or not as one would.</summary>
    public const string Silent = "GuestAgentSilent";

    /// <summary>The code of the failure when the agent refuses a command.</summary>
    public const string Refused = "GuestAgentRefused";

    private const int MostBytes = 256 << 10;

    /// <summary>What no text holds: it has the agent forget half a command, and us half an answer.</summary>
    private const byte Mark = 0xff;

    private readonly UnixSocket _socket;
    private readonly List<byte> _received = [];
    private int _bytes;

    private GuestAgent(UnixSocket socket) => _socket = socket;

    /// <summary>Connects, and finds the agent's ear.</summary>
    /// <param name="path">Of the socket.</param>
    /// <param name="patience">For the first answer.</param>
    /// <exception cref="LumosException">GuestAgentSilent.</exception>
    public static GuestAgent Connect(string path, TimeSpan patience)
    {
        UnixSocket socket;
        try
        {
            socket = UnixSocket.Connect(path, nonBlocking: true);
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ECONNREFUSED or Errno.EAGAIN)
        {
            throw new LumosException(Silent, "the machine was not started with a port for an agent", inner: e);
        }
        var agent = new GuestAgent(socket);
        try
        {
            agent.Sync(patience);
            return agent;
        }
        catch
        {
            agent.Dispose();
            throw;
        }
    }

    /// <summary>Runs a command and returns its answer.</summary>
    /// <exception cref="LumosException">GuestAgentRefused: in the agent's words, without control characters; GuestAgentSilent.</exception>
    public JsonNode? Execute(string command, TimeSpan patience)
    {
        Send(new JsonObject { ["execute"] = command }, marked: false);
        var answer = Answer(patience);
        if (answer["error"] is JsonObject error)
        {
            string words = error["desc"] is JsonValue value && value.TryGetValue(out string? text) ? text : "";
            throw new LumosException(Refused, $"the guest's agent refuses {command}: {new string([.. words.Take(200).Where(c => !char.IsControl(c))])}");
        }
        return answer["return"]?.DeepClone();
    }

    public void Dispose() => _socket.Dispose();

    private void Sync(TimeSpan patience)
    {
        int id = RandomNumberGenerator.GetInt32(int.MaxValue);
        Send(new JsonObject { ["execute"] = "guest-sync-delimited", ["arguments"] = new JsonObject { ["id"] = id } }, marked: true);
        for (var clock = Stopwatch.StartNew(); ;)
        {
            try
            {
                if (Answer(patience - clock.Elapsed)["return"] is JsonValue value && value.TryGetValue(out int heard) && heard == id)
                {
                    return;
                }
            }
            catch (LumosException e) when (e.InnerException is JsonException)
            {
                // The end of an answer that somebody else did not wait for.
            }
        }
    }

    private void Send(JsonObject request, bool marked)
    {
        byte[] line = [.. marked ? [Mark] : Array.Empty<byte>(), .. Encoding.UTF8.GetBytes(request.ToJsonString() + "\n")];
        try
        {
            if (_socket.Send(line) == line.Length)
            {
                return;
            }
        }
        catch (ErrnoException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            throw new LumosException(Silent, "QEMU has ended", inner: e);
        }
        throw new LumosException(Silent, "nobody reads at the agent's port");
    }

    private JsonObject Answer(TimeSpan patience)
    {
        var clock = Stopwatch.StartNew();
        byte[] chunk = new byte[4096];
        while (true)
        {
            int mark = _received.LastIndexOf(Mark);
            _received.RemoveRange(0, mark + 1);
            if (_received.IndexOf((byte)'\n') is var end and >= 0)
            {
                string line = Encoding.UTF8.GetString([.. _received.Take(end)]);
                _received.RemoveRange(0, end + 1);
                return Parse(line);
            }
            var left = patience - clock.Elapsed;
            if (left <= TimeSpan.Zero || !Readiness.IsReadable(_socket.Descriptor, left))
            {
                throw new LumosException(Silent, "no agent answers in the guest");
            }
            int got = _socket.Descriptor.Read(chunk);
            if (got == 0 || (_bytes += Math.Max(got, 0)) > MostBytes)
            {
                throw new LumosException(Silent, got == 0 ? "QEMU has closed the agent's port" : "what answers in the guest is no agent: it does not end");
            }
            _received.AddRange(chunk.AsSpan(0, Math.Max(got, 0)));
        }
    }

    private static JsonObject Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject ?? throw new LumosException(Silent, "what answers in the guest is no agent");
        }
        catch (JsonException e)
        {
            throw new LumosException(Silent, "what answers in the guest is no agent", inner: e);
        }
    }
}
