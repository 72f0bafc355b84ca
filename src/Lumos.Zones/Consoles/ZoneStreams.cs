using System.Runtime.InteropServices;
using System.Text;
using Lumos.Core;
using Lumos.Drivers.Oci;
using Lumos.Linux;
using Lumos.Linux.Handles;
using Lumos.Linux.Polling;
using Lumos.Linux.Signals;
using Lumos.Linux.Sockets;
using Lumos.Linux.Terminals;
using Lumos.Zones.Docker;

namespace Lumos.Zones.Consoles;

/// <summary>What zlogin -I was asked for.</summary>
/// <param name="Escape">Leaves, at the start of a line and followed by a dot, where our input is a terminal; null: there is none.</param>
/// <param name="Quiet">Say nothing of our own.</param>
/// <param name="KeepsInput">The end of our input is not the end of the program's.</param>
public sealed record ZoneStreamsOptions(char? Escape, bool Quiet, bool KeepsInput);

/// <summary>
/// Joins our standard streams to those of a docker zone's program: what it writes to each of its two outputs comes out of ours, what we
/// read is its input.
/// </summary>
/// <remarks>
/// The monitor holds the program's streams and listens on a packet socket: each packet to us begins with a byte that names the
/// stream, each from us is input. Ends with the program, or by the escape.
/// The end of our input: a program with a terminal is sent the character for it, one with a pipe finds its end when the monitor was told to
/// close it with the first who leaves (docker:attach_stdin); else (docker:open_stdin) its input stays open for the next one.
/// Input is read by a thread of its own, since a file cannot be waited for, and only as fast as the monitor takes it; meanwhile output goes on, or
/// a program that answers all it reads would wait for us as we for it.
/// </remarks>
public sealed class ZoneStreams : IDisposable
{
    private const byte EndOfTransmission = 4, ErrorStream = 3;

    private const int MostAtOnce = 4096; // of what the monitor takes as one packet

    private readonly string _run;
    private readonly ZoneName _name;
    private readonly DockerZone _docker;
    private readonly FileDescriptor _input, _output, _errors;
    private readonly ZoneStreamsOptions _options;
    private readonly EscapeScanner? _escape;
    private readonly EventLoop _loop = new();
    private readonly SemaphoreSlim _taken = new(0);
    private UnixSocket? _monitor;
    private byte[] _pending = [];
    private bool _keepsInput, _done, _left;

    public ZoneStreams(
        ZoneLayout layout, ZoneName name, DockerZone docker, FileDescriptor input, FileDescriptor output, FileDescriptor errors, ZoneStreamsOptions options)
    {
        (_run, _name, _docker) = (layout.RunFolder(name), name, docker);
        (_input, _output, _errors) = (input, output, errors);
        (_options, _keepsInput) = (options, options.KeepsInput);
        _escape = options.Escape is { } character && Terminal.IsTerminal(input) ? new EscapeScanner((byte)character) : null;
    }

    /// <summary>Stays until the program ends or the user leaves.</summary>
    /// <exception cref="LumosException">ZoneNotRunning</exception>
    public void Run()
    {
        try
        {
            _monitor = UnixSocket.Connect(Path.Combine(_run, Conmon.AttachSocket), UnixSocketKind.Packet);
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ECONNREFUSED)
        {
            throw new LumosException("ZoneNotRunning", $"zone '{_name}' is not up: its program has no streams to join", inner: e);
        }
        _monitor.Descriptor.SetNonBlocking();
        _loop.Add(_monitor.Descriptor, PollEvents.Readable, OnMonitor);
        using var toggled = PosixSignalRegistration.Create((PosixSignal)Signal.USR1, signal =>
        {
            signal.Cancel = true;
            _loop.Post(() => _keepsInput = !_keepsInput);
        });
        using var resized = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => _loop.Post(SendSize));
        Say($"[Connected to the streams of zone '{_name}']");
        using (_docker.Tty && Terminal.IsTerminal(_input) ? Terminal.MakeRaw(_input) : null)
        {
            SendSize();
            if (_docker.OpenStdin || _escape is not null)
            {
                new Thread(ReadInput) { IsBackground = true }.Start();
            }
            while (!_done)
            {
                _loop.RunOnce();
            }
        }
        Say($"[Connection to the streams of zone '{_name}' closed]");
    }

    public void Dispose()
    {
        lock (_taken)
        {
            _left = true;
        }
        _taken.Release();
        if (_monitor is not null)
        {
            _loop.Remove(_monitor.Descriptor);
            _monitor.Dispose();
        }
        _loop.Dispose();
    }

    // The thread of the input: one piece at a time, the next when the last is gone.
    private void ReadInput()
    {
        byte[] buffer = new byte[MostAtOnce];
        int got;
        do
        {
            try
            {
                got = Math.Max(_input.Read(buffer), 0);
            }
            catch (ErrnoException)
            {
                got = 0; // a terminal that is gone
            }
            byte[] piece = buffer[..got];
            lock (_taken)
            {
                if (_left)
                {
                    return;
                }
                _loop.Post(() => OnInput(piece));
            }
            _taken.Wait();
        }
        while (got > 0);
    }

    private void OnInput(byte[] piece)
    {
        if (piece.Length == 0)
        {
            EndInput();
            return;
        }
        var (pass, leave) = _escape?.Scan(piece) ?? (piece, false);
        _done |= leave;
        _pending = _docker.OpenStdin ? pass : [];
        Send();
    }

    private void OnMonitor(PollEvents events)
    {
        if (events.HasFlag(PollEvents.Writable) && _pending.Length > 0)
        {
            Send();
        }
        if ((events & ~PollEvents.Writable) != 0)
        {
            Receive();
        }
    }

    private void Send()
    {
        try
        {
            if (_pending.Length > 0 && _monitor!.Send(_pending) < 0)
            {
                _loop.Change(_monitor.Descriptor, PollEvents.Readable | PollEvents.Writable);
                return;
            }
        }
        catch (ErrnoException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
        {
            // Receiving sees the same, after what is still to be read.
        }
        _pending = [];
        _loop.Change(_monitor!.Descriptor, PollEvents.Readable);
        _taken.Release();
    }

    private void EndInput()
    {
        if (_keepsInput || !_docker.OpenStdin)
        {
            return;
        }
        try
        {
            if (_docker.Tty)
            {
                _ = _monitor!.Send([EndOfTransmission]);
            }
            else
            {
                _monitor!.ShutDownSending();
            }
        }
        catch (ErrnoException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET or Errno.ENOTCONN)
        {
            // The program's end has come first.
        }
    }

    private void Receive()
    {
        Span<byte> packet = stackalloc byte[16384];
        int got;
        try
        {
            got = _monitor!.Receive(packet, out _);
        }
        catch (ErrnoException e) when (e.Errno == Errno.ECONNRESET)
        {
            got = 0;
        }
        if (got > 1)
        {
            (packet[0] == ErrorStream ? _errors : _output).WriteAll(packet[1..got]);
        }
        _done |= got == 0;
    }

    private void SendSize()
    {
        if (_docker.Tty && Terminal.IsTerminal(_input))
        {
            var size = Terminal.GetSize(_input);
            Conmon.Resize(_run, size.Rows, size.Columns);
        }
    }

    private void Say(string text)
    {
        if (!_options.Quiet)
        {
            _errors.WriteAll(Encoding.UTF8.GetBytes(text + "\n"));
        }
    }
}
