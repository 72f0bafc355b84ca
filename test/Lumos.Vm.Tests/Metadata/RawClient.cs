using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Lumos.Vm.Tests.Metadata;

/// <summary>A client that says what it is told to, and nothing else.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket;

    public RawClient(string path)
        : this(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
    {
        Wait.Until(() => File.Exists(path));
        _socket.Connect(new UnixDomainSocketEndPoint(path));
    }

    /// <summary>Of a connection that is, or will be, there.</summary>
    public RawClient(Socket socket)
    {
        _socket = socket;
        _socket.ReceiveTimeout = _socket.SendTimeout = 20_000;
    }

    public Socket Socket => _socket;

    public void Send(string text) => _socket.Send(Encoding.UTF8.GetBytes(text));

    /// <summary>What comes back to a text, up to so many line ends.</summary>
    public string Ask(string text, int lines)
    {
        if (text.Length > 0)
        {
            Send(text);
        }
        var answer = new StringBuilder();
        byte[] one = new byte[1];
        while (lines > 0 && _socket.Receive(one) == 1)
        {
            answer.Append((char)one[0]);
            lines -= one[0] == '\n' ? 1 : 0;
        }
        return answer.ToString();
    }

    /// <summary>Reads and forgets so many lines.</summary>
    public int Skip(int lines)
    {
        byte[] buffer = new byte[256 << 10];
        int seen = 0, got;
        while (seen < lines && (got = _socket.Receive(buffer)) > 0)
        {
            seen += buffer.AsSpan(0, got).Count((byte)'\n');
        }
        return seen;
    }

    /// <summary>True once the other side has closed; reads and forgets what comes before.</summary>
    public bool IsClosed(TimeSpan within)
    {
        var clock = Stopwatch.StartNew();
        byte[] buffer = new byte[65536];
        try
        {
            while (clock.Elapsed < within)
            {
                if (_socket.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectRead) && _socket.Receive(buffer) == 0)
                {
                    return true;
                }
            }
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    public void Dispose() => _socket.Dispose();
}
