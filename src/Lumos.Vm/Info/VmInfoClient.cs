using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.List;
using Lumos.Vm.Snapshots;

namespace Lumos.Vm.Info;

/// <summary>
/// A connection to vminfod: HTTP/1.1 as far as vminfod speaks it, written out by hand, since a list of all VMs has to be there
/// in the time that HttpClient takes to be set up.
/// </summary>
public sealed class VmInfoClient : IDisposable
{
    /// <summary>What a busy vminfod may take before we look for ourselves.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Socket _socket;
    private byte[] _buffer = new byte[64 << 10];
    private int _at, _end;

    private VmInfoClient(Socket socket) => _socket = socket;

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

    /// <summary>The VMs that pass all filters, as an array of objects.</summary>
    /// <param name="fields">All that is wanted of each; null: everything.</param>
    public byte[] List(IReadOnlyList<VmFilter> filters, IEnumerable<string>? fields)
    {
        var terms = filters.Select(filter => $"{Uri.EscapeDataString(filter.Key)}={Uri.EscapeDataString(filter.Text)}").ToList();
        if (fields is not null)
        {
            terms.Add("fields=" + string.Join(',', fields));
        }
        return Request("GET", terms.Count == 0 ? "/vms" : "/vms?" + string.Join('&', terms))!;
    }

    /// <summary>One VM with its snapshots; null: there is none.</summary>
    public byte[]? Get(string uuid) => Request("GET", $"/vms/{uuid}");

    /// <summary>Returns once vminfod has looked at the VM again, and told who listens of its snapshots that were made or destroyed.</summary>
    public void Refresh(string uuid, params IReadOnlyList<SnapshotChange> snapshots) => Request("POST",
        $"/vms/{uuid}?action=refresh" + string.Concat(snapshots.Select(s => $"&{(s.IsNew ? VmInfoRoutes.SnapshotMade : VmInfoRoutes.SnapshotDestroyed)}={Uri.EscapeDataString(s.Label.Text)}")));

    public JsonObject Ping() => (JsonObject)JsonNode.Parse(Request("GET", "/ping")!)!;

    public JsonObject Status(bool full) => (JsonObject)JsonNode.Parse(Request("GET", full ? "/status?full=true" : "/status")!)!;

    /// <summary>The lines of /events as they come; ends when vminfod ends the stream, by whatever it may be.</summary>
    /// <param name="uuid">Of this VM only; null: of all.</param>
    /// <param name="agent">Who listens, for vminfod's status.</param>
    public IEnumerable<byte[]> Events(string? uuid, string agent)
    {
        try
        {
            Send($"GET /events{(uuid is null ? "" : "?uuid=" + uuid)} HTTP/1.1\r\nHost: vminfod\r\nUser-Agent: {agent}\r\n\r\n");
            var (status, length) = ReadHead();
            if (status != 200)
            {
                throw Fault(ReadBody(length));
            }
        }
        catch (IOException)
        {
            yield break; // we were still waiting to be accepted when it ended
        }
        _socket.ReceiveTimeout = 0;
        while (ReadLine() is { } line)
        {
            yield return line;
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>The body; null: there is no such VM.</summary>
    /// <exception cref="LumosException">What vminfod says went wrong.</exception>
    /// <exception cref="IOException">It went away.</exception>
    private byte[]? Request(string method, string target)
    {
        Send($"{method} {target} HTTP/1.1\r\nHost: vminfod\r\nUser-Agent: vmadm\r\n\r\n");
        var (status, length) = ReadHead();
        byte[] body = ReadBody(length);
        return status switch
        {
            200 => body,
            404 => null,
            _ => throw Fault(body),
        };
    }

    private static LumosException Fault(byte[] body)
    {
        var fault = JsonNode.Parse(body) as JsonObject;
        return new LumosException(JsonText.Plain(fault?["code"]), JsonText.Plain(fault?["message"]));
    }

    private void Send(string head)
    {
        try
        {
            byte[] bytes = Encoding.ASCII.GetBytes(head);
            for (int sent = 0; sent < bytes.Length;)
            {
                sent += _socket.Send(bytes.AsSpan(sent));
            }
        }
        catch (SocketException e)
        {
            throw new IOException("vminfod closed the connection", e);
        }
    }

    private (int Status, int Length) ReadHead()
    {
        int end;
        while ((end = _buffer.AsSpan(_at, _end - _at).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (!Fill())
            {
                throw new IOException("vminfod closed the connection");
            }
        }
        string[] lines = Encoding.Latin1.GetString(_buffer, _at, end).Split("\r\n");
        _at += end + 4;
        if (lines[0].Split(' ') is not ["HTTP/1.1", var code, ..] || !int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out int status))
        {
            throw new IOException("vminfod sent something else than an answer");
        }
        const string Name = "Content-Length: ";
        string? length = lines.FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        return (status, length is null ? 0 : int.Parse(length.AsSpan(Name.Length), CultureInfo.InvariantCulture));
    }

    private byte[] ReadBody(int length)
    {
        byte[] body = new byte[length];
        int have = Math.Min(length, _end - _at);
        Array.Copy(_buffer, _at, body, 0, have);
        _at += have;
        while (have < length)
        {
            int got = Receive(body.AsSpan(have));
            have += got > 0 ? got : throw new IOException("vminfod closed the connection in the middle of an answer");
        }
        return body;
    }

    /// <summary>Without its end; null: nothing more comes.</summary>
    private byte[]? ReadLine()
    {
        int searched = 0, end;
        while ((end = _buffer.AsSpan(_at + searched, _end - _at - searched).IndexOf((byte)'\n')) < 0)
        {
            searched = _end - _at;
            try
            {
                if (!Fill())
                {
                    return null;
                }
            }
            catch (IOException)
            {
                return null;
            }
        }
        byte[] line = _buffer[_at..(_at + searched + end)];
        _at += searched + end + 1;
        return line;
    }

    private bool Fill()
    {
        if (_at > 0)
        {
            _buffer.AsSpan(_at, _end - _at).CopyTo(_buffer);
            (_at, _end) = (0, _end - _at);
        }
        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
        int got = Receive(_buffer.AsSpan(_end));
        _end += got;
        return got > 0;
    }

    private int Receive(Span<byte> into)
    {
        try
        {
            return _socket.Receive(into);
        }
        catch (SocketException e)
        {
            throw new IOException("vminfod does not answer", e);
        }
    }
}
