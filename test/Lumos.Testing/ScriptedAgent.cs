using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Lumos.Testing;

/// <summary>An agent of a guest behind its socket, that answers as it is told to; each client is served by itself.</summary>
public sealed class ScriptedAgent : IDisposable
{
    private readonly Socket _listens = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Func<string, JsonObject, string?> _answer;
    private readonly Thread _thread;
    private readonly ConcurrentBag<Socket> _peers = [];

    /// <param name="answer">What is said to a command, whole lines or not; null: nothing.</param>
    public ScriptedAgent(string path, Func<string, JsonObject, string?> answer)
    {
        _answer = answer;
        _listens.Bind(new UnixDomainSocketEndPoint(path));
        _listens.Listen();
        _thread = new Thread(Serve) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>What a client before has left in the port.</summary>
    public string Before { get; init; } = "";

    /// <summary>It answers the mark with which a conversation begins.</summary>
    public bool Syncs { get; init; } = true;

    /// <summary>Commands, but for marks.</summary>
    public ConcurrentQueue<string> Heard { get; } = [];

    public void Dispose()
    {
        _listens.Dispose();
        _thread.Join();
        foreach (var peer in _peers)
        {
            peer.Dispose();
        }
    }

    private void Serve()
    {
        while (true)
        {
            try
            {
                var peer = _listens.Accept();
                _peers.Add(peer);
                new Thread(() => Talk(peer)) { IsBackground = true }.Start();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void Talk(Socket peer)
    {
        try
        {
            using var stream = new NetworkStream(peer);
            Talk(stream);
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            // The client has left in the middle.
        }
    }

    private void Talk(NetworkStream stream)
    {
        var line = new List<byte>();
        for (int next; (next = stream.ReadByte()) >= 0;)
        {
            if (next == 0xff)
            {
                line.Clear();
            }
            else if (next != '\n')
            {
                line.Add((byte)next);
            }
            else
            {
                Answer(stream, (JsonObject)JsonNode.Parse(Encoding.UTF8.GetString([.. line]))!);
                line.Clear();
            }
        }
    }

    private void Answer(NetworkStream stream, JsonObject request)
    {
        string command = (string)request["execute"]!;
        if (command == "guest-sync-delimited")
        {
            if (Syncs)
            {
                stream.Write([.. Encoding.UTF8.GetBytes(Before), 0xff, .. Encoding.UTF8.GetBytes($"{{\"return\": {request["arguments"]!["id"]}}}\n")]);
            }
            return;
        }
        Heard.Enqueue(command);
        if (_answer(command, request) is { } text)
        {
            stream.Write(Encoding.UTF8.GetBytes(text.EndsWith('}') ? text + "\n" : text));
        }
    }
}
