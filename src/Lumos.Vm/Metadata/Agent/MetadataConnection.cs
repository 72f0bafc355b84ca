using Lumos.Linux.Handles;
using Lumos.Linux.Polling;
using Lumos.Linux.Sockets;
using Lumos.Vm.Metadata.Protocol;

namespace Lumos.Vm.Metadata.Agent;

/// <summary>
/// One client in a zone. It is in one of these states, and waits for one thing only:
/// reading (for bytes), busy (for the answer to its request), writing (for the client to take an answer), paused (for its zone
/// to be within its limits again). While it is not reading, what the client sends stays in the kernel, which stops it.
/// All on the loop's thread.
/// </summary>
/// <param name="isSerial">
/// The client is whatever runs in a machine now, at its second serial port. Firmware and boot loaders write their screens to all ports, and take what comes from there for what
/// somebody types. So only what is certainly meant for us is answered: a command that there is, and an empty line, by which clients find out that somebody is there.
/// </param>
internal sealed class MetadataConnection(ZoneEndpoint zone, EventLoop loop, UnixSocket socket, TimeProvider clock, bool isSerial = false)
{
    private readonly LineBuffer _input = new();
    private byte[] _output = [];
    private int _sent;
    private bool _busy, _ended, _polled;
    private PollEvents _awaited;
    private long _lastRequest = clock.GetTimestamp(), _lastProgress = clock.GetTimestamp();

    internal bool IsClosed { get; private set; }

    internal int PendingInput => _input.Length;

    internal int PendingOutput => _output.Length - _sent;

    internal TimeSpan SilentFor => _busy || PendingOutput > 0 ? TimeSpan.Zero : clock.GetElapsedTime(_lastRequest);

    /// <summary>Begins to serve, or goes on after a pause.</summary>
    internal void Resume() => Guarded(Advance);

    /// <summary>The answer to the request in hand.</summary>
    internal void Complete(string? id, MetadataReply reply)
    {
        _busy = false;
        Guarded(() =>
        {
            Queue(reply.Encode(id));
            Advance();
        });
    }

    /// <summary>Closes what has stalled: half a line for too long, a reader that does not read, nothing at all.</summary>
    internal void Sweep()
    {
        bool stalled = !_busy && (PendingOutput > 0 || _input.Length > 0) && clock.GetElapsedTime(_lastProgress) > MetadataLimits.Stalled;
        if (stalled || SilentFor > MetadataLimits.Idle)
        {
            Close();
        }
    }

    internal void Close()
    {
        if (!IsClosed)
        {
            IsClosed = true;
            loop.Remove(socket.Descriptor);
            socket.Dispose();
            zone.Forget(this);
        }
    }

    private void OnEvents(PollEvents events)
    {
        Guarded(() =>
        {
            if (_awaited == PollEvents.None || (events & (PollEvents.Readable | PollEvents.Writable)) == 0)
            {
                Close(); // the other end is gone: nobody wants the answer
                return;
            }
            if (events.HasFlag(PollEvents.Readable) && _awaited == PollEvents.Readable && !zone.IsPaused)
            {
                Read();
            }
            Advance();
        });
    }

    private void Read()
    {
        // One buffer for all: the loop has one thread.
        var buffer = zone.ReadBuffer;
        int got = socket.Descriptor.Read(buffer); // not recvmsg: descriptors that a guest sends along are dropped by the kernel
        if (got < 0)
        {
            return;
        }
        _ended = got == 0;
        if (_input.Length == 0)
        {
            _lastProgress = clock.GetTimestamp(); // a line begins
        }
        _input.Append(buffer.AsSpan(0, got));
        zone.Charge(got / MetadataLimits.BytesPerToken);
        if (zone.PendingInput > MetadataLimits.PendingInput)
        {
            Close();
        }
    }

    // Goes on until there is something to wait for.
    private void Advance()
    {
        while (!IsClosed)
        {
            if (PendingOutput > 0)
            {
                Flush();
            }
            if (_busy || PendingOutput > 0 || zone.IsPaused)
            {
                break;
            }
            if (!_input.TryTake(out var line))
            {
                if (_ended || _input.Length > MetadataLimits.LongestLine)
                {
                    Close();
                }
                break;
            }
            if (line.Length > MetadataLimits.LongestLine)
            {
                Close();
                break;
            }
            _lastRequest = _lastProgress = clock.GetTimestamp();
            zone.Charge(1);
            var meaning = MetadataLine.Parse(line);
            if (!isSerial || line.IsEmpty || meaning.IsCommand)
            {
                Take(meaning);
            }
        }
        Await();
    }

    private void Take(MetadataLine line)
    {
        switch (line)
        {
            case MetadataLine.Invalid:
                Queue("invalid command\n"u8.ToArray());
                break;
            case MetadataLine.Negotiate { Version: "V2" }:
                Queue("V2_OK\n"u8.ToArray());
                break;
            case MetadataLine.Negotiate:
                Queue("FAILURE\n"u8.ToArray());
                break;
            case MetadataLine.Request request:
                _busy = true;
                zone.Submit(new PendingRequest(this, request));
                break;
        }
    }

    private void Queue(byte[] bytes) => (_output, _sent) = (bytes, 0);

    private void Flush()
    {
        while (PendingOutput > 0)
        {
            int sent = socket.Send(_output.AsSpan(_sent));
            if (sent < 0)
            {
                return;
            }
            _sent += sent;
            _lastProgress = clock.GetTimestamp();
        }
        (_output, _sent) = ([], 0);
        zone.OnDrained();
    }

    private void Await()
    {
        if (IsClosed)
        {
            return;
        }
        bool polls = PendingOutput > 0 || _busy || !zone.IsPaused;
        var wanted = PendingOutput > 0 ? PollEvents.Writable : _busy ? PollEvents.None : PollEvents.Readable;
        if (!polls && _polled)
        {
            loop.Remove(socket.Descriptor);
        }
        else if (polls && !_polled)
        {
            loop.Add(socket.Descriptor, wanted, OnEvents);
        }
        else if (polls && wanted != _awaited)
        {
            loop.Change(socket.Descriptor, wanted);
        }
        (_polled, _awaited) = (polls, wanted);
    }

    // Whatever a client does to its socket ends that connection and nothing else.
    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (IOException)
        {
            Close();
        }
    }
}
