using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Polling;
using Lumos.Linux.Sockets;
using Lumos.Services.Repository;

namespace Lumos.Services.Daemon;

/// <summary>One request that waits for its answer. Answer once; whether the client is still there does not matter.</summary>
public sealed class PendingRequest(JsonObject body, uint user, Action<JsonObject> answer)
{
    public JsonObject Body { get; } = body;

    /// <summary>Who asks, as the kernel knows it.</summary>
    public uint User { get; } = user;

    public void Answer(JsonObject response) => answer(response);

    public void Fail(LumosException error) => answer(new JsonObject
    {
        ["error"] = new JsonObject
        {
            ["code"] = error.Code,
            ["message"] = LumosException.Describe(error),
            ["exit"] = error.ExitStatus,
        },
    });
}

/// <summary>
/// The socket of svcs, svcadm and the others: one JSON object a line, one answer a request, in order. Anyone may ask; who may
/// change is up to the handler. A client that sends too much, or does not read its answers, is hung up on.
/// </summary>
public sealed class ControlServer : IDisposable
{
    private const int LongestRequest = 4 << 20, LongestAnswer = 16 << 20;

    private readonly EventLoop _loop;
    private readonly UnixSocket _listener;
    private readonly Action<PendingRequest> _handle;
    private readonly HashSet<Client> _clients = [];

    public ControlServer(EventLoop loop, string path, Action<PendingRequest> handle)
    {
        _loop = loop;
        _handle = handle;
        _listener = UnixSocket.Listen(path, mode: 0x1b6); // 0666
        loop.Add(_listener.Descriptor, PollEvents.Readable, _ => Accept());
    }

    public void Dispose()
    {
        foreach (var client in _clients.ToList())
        {
            client.Close();
        }
        _loop.Remove(_listener.Descriptor);
        _listener.Dispose();
    }

    private void Accept()
    {
        while (_listener.Accept(nonBlocking: true) is { } socket)
        {
            _clients.Add(new Client(this, socket));
        }
    }

    private sealed class Client
    {
        private readonly ControlServer _server;
        private readonly UnixSocket _socket;
        private readonly uint _user;
        private readonly List<byte> _input = [];
        private readonly byte[] _buffer = new byte[65536];
        private byte[] _output = [];
        private bool _closed;

        internal Client(ControlServer server, UnixSocket socket)
        {
            _server = server;
            _socket = socket;
            _user = socket.Peer().User;
            server._loop.Add(socket.Descriptor, PollEvents.Readable, OnReady);
        }

        internal void Close()
        {
            if (_closed)
            {
                return;
            }
            _closed = true;
            _server._clients.Remove(this);
            _server._loop.Remove(_socket.Descriptor);
            _socket.Dispose();
        }

        private void OnReady(PollEvents events)
        {
            try
            {
                if (events.HasFlag(PollEvents.Writable))
                {
                    Flush();
                }
                if ((events & (PollEvents.Readable | PollEvents.HangUp | PollEvents.Error)) != 0)
                {
                    Read();
                }
            }
            catch (ErrnoException)
            {
                Close(); // the client went away
            }
        }

        private void Read()
        {
            int got;
            while (!_closed && (got = _socket.Receive(_buffer, out var descriptors)) >= 0)
            {
                foreach (var unwanted in descriptors)
                {
                    unwanted.Dispose();
                }
                if (got == 0 || _input.Count + got > LongestRequest)
                {
                    Close();
                    return;
                }
                _input.AddRange(_buffer.AsSpan(0, got));
                TakeLines();
            }
        }

        private void TakeLines()
        {
            int end;
            while ((end = _input.IndexOf((byte)'\n')) >= 0)
            {
                byte[] line = [.. _input.Take(end)];
                _input.RemoveRange(0, end + 1);
                Handle(line);
            }
        }

        private void Handle(ReadOnlySpan<byte> line)
        {
            var request = new PendingRequest([], _user, Send);
            try
            {
                request = new PendingRequest(JsonNode.Parse(line)!.AsObject(), _user, Send);
                _server._handle(request);
            }
            catch (LumosException e)
            {
                request.Fail(e);
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or FormatException or InvalidCastException)
            {
                request.Fail(new LumosException("BadRequest", "the request is not in the protocol's form", inner: e));
            }
        }

        private void Send(JsonObject response)
        {
            if (_closed)
            {
                return;
            }
            byte[] line = Encoding.UTF8.GetBytes(JsonText.Line(response) + "\n");
            if (_output.Length + line.Length > LongestAnswer)
            {
                Close();
                return;
            }
            _output = [.. _output, .. line];
            try
            {
                Flush();
            }
            catch (ErrnoException)
            {
                Close();
            }
        }

        private void Flush()
        {
            int sent = 0;
            while (sent < _output.Length)
            {
                int put = _socket.Send(_output.AsSpan(sent));
                if (put < 0)
                {
                    break;
                }
                sent += put;
            }
            _output = _output[sent..];
            _server._loop.Change(_socket.Descriptor, _output.Length > 0 ? PollEvents.Readable | PollEvents.Writable : PollEvents.Readable);
        }
    }
}
