using System.Security.Cryptography;
using System.Text;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Handles;
using Lumos.Linux.Polling;
using Lumos.Linux.Sockets;
using Lumos.Vm.Metadata.Protocol;

namespace Lumos.Vm.Metadata.Client;

/// <summary>
/// A guest's side of the protocol. It waits for the service as long as it takes, and asks again, over a new connection, when
/// an answer is damaged, belongs to another request, or does not come; every command means the same when it is given twice.
/// </summary>
public sealed class MetadataClient : IDisposable
{
    /// <summary>More than the longest value that a VM is likely to have; a stream without a line end is no answer.</summary>
    private const int LongestLine = 256 << 20;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20), LongestPause = TimeSpan.FromSeconds(1), Long = TimeSpan.FromSeconds(3);

    private readonly string _path;
    private readonly byte[] _buffer = new byte[64 << 10];
    private UnixSocket? _socket;
    private LineBuffer _input = new();
    private TimeSpan _pause = FirstPause;
    private long? _waitingSince;

    public MetadataClient(string path) => _path = path;

    /// <summary>How long an answer may take before it is asked for again.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Called once, with a sentence, when the service has been waited for for some seconds.</summary>
    public Action<string>? OnWait { get; init; }

    /// <summary>The socket of the zone we are in.</summary>
    /// <exception cref="LumosException">NotInZone.</exception>
    public static string FindSocket(string root = "/")
    {
        string[] folders = [Path.Combine(root, "native/.zonecontrol"), Path.Combine(root, ".zonecontrol")];
        return folders.FirstOrDefault(Directory.Exists) is { } folder
            ? Path.Combine(folder, "metadata.sock")
            : throw new LumosException("NotInZone", "this is not a zone, so nobody has metadata for it", exitStatus: 2);
    }

    /// <summary>Asks until there is an answer.</summary>
    /// <exception cref="LumosException">NotRoot: waiting would not help.</exception>
    public MetadataReply Request(string command, byte[]? argument = null)
    {
        while (true)
        {
            try
            {
                var request = new V2Frame(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4)), command, argument);
                if (TryAsk(request) is { } reply)
                {
                    (_pause, _waitingSince) = (FirstPause, null);
                    return reply;
                }
            }
            catch (ErrnoException e) when (e.Errno is Errno.EACCES or Errno.EPERM)
            {
                throw new LumosException("NotRoot", "only root of the zone can use its metadata", exitStatus: 2, inner: e);
            }
            catch (IOException)
            {
                // Not there yet, or gone: it is coming.
            }
            Reset();
            TellOfWaiting();
            Thread.Sleep(_pause);
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        }
    }

    public void Dispose() => Reset();

    private MetadataReply? TryAsk(V2Frame request)
    {
        _socket ??= Connect();
        Send(request.Encode());
        if (ReadLine() is not { } line || V2Frame.TryParse(line) is not { } answer || answer.RequestId != request.RequestId)
        {
            return null;
        }
        string text = Encoding.UTF8.GetString(answer.Payload ?? []);
        return answer.Code switch
        {
            "SUCCESS" => MetadataReply.Success(text),
            "NOTFOUND" => MetadataReply.NotFound,
            _ => MetadataReply.Failure(text),
        };
    }

    private UnixSocket Connect()
    {
        var socket = UnixSocket.Connect(_path);
        try
        {
            _socket = socket;
            Send("NEGOTIATE V2\n"u8);
            if (ReadLine() is not { } line || !line.AsSpan().SequenceEqual("V2_OK"u8))
            {
                throw new IOException($"{_path}: who listens there does not speak version 2 of the protocol");
            }
            return socket;
        }
        catch
        {
            Reset();
            throw;
        }
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_socket!.Send(bytes)..];
        }
    }

    /// <summary>Null: none came in time, or the other side closed.</summary>
    private byte[]? ReadLine()
    {
        long until = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (true)
        {
            if (_input.TryTake(out var line))
            {
                return line.TrimEnd((byte)'\r').ToArray();
            }
            long left = until - Environment.TickCount64;
            if (left <= 0 || _input.Length > LongestLine || !Readiness.IsReadable(_socket!.Descriptor, TimeSpan.FromMilliseconds(left)))
            {
                return null;
            }
            int got = _socket.Descriptor.Read(_buffer);
            if (got == 0)
            {
                return null;
            }
            _input.Append(_buffer.AsSpan(0, got));
        }
    }

    private void Reset()
    {
        _socket?.Dispose();
        _socket = null;
        _input = new LineBuffer();
    }

    private void TellOfWaiting()
    {
        long now = Environment.TickCount64;
        _waitingSince ??= now;
        if (_waitingSince > 0 && now - _waitingSince > Long.TotalMilliseconds)
        {
            _waitingSince = 0; // told
            OnWait?.Invoke("waiting for the metadata service of the platform");
        }
    }
}
