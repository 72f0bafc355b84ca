using System.Runtime.InteropServices;
using System.Text;
using Lumos.Drivers.Oci;
using Lumos.Linux;
using Lumos.Linux.Handles;
using Lumos.Linux.Polling;
using Lumos.Linux.Sockets;
using Lumos.Linux.Terminals;

namespace Lumos.Zones.Consoles;

/// <summary>
/// Joins our terminal to a zone's console. The console is the monitor's: it listens on a packet socket in the run folder, where
/// each packet to us begins with a byte that names the stream and each from us is what was typed. A zone that goes down takes
/// its monitor along; we stay, say so, and join again when it boots. Ends by the escape (at the start of a line: the escape
/// character, then a dot) or when our input ends.
/// </summary>
public sealed class ZoneConsole : IDisposable
{
    private readonly ZoneLayout _layout;
    private readonly ZoneName _name;
    private readonly EscapeScanner? _escape;
    private readonly FileDescriptor _input;
    private readonly FileDescriptor _output;
    private readonly bool _quiet;
    private readonly EventLoop _loop = new();
    private readonly Inotify _changes = Inotify.Create();
    private UnixSocket? _monitor;
    private bool _done;

    /// <param name="escape">The escape character; null: there is none.</param>
    /// <param name="quiet">Say nothing of our own.</param>
    /// <param name="escapeAlone">The escape character leaves by itself, anywhere; else it needs a dot, at the start of a line.</param>
    public ZoneConsole(
        ZoneLayout layout, ZoneName name, char? escape, FileDescriptor input, FileDescriptor output, bool quiet, bool escapeAlone = false)
    {
        _layout = layout;
        _name = name;
        _escape = escape is { } character ? new EscapeScanner((byte)character, escapeAlone) : null;
        _input = input;
        _output = output;
        _quiet = quiet;
    }

    /// <summary>Ends when the zone halts; at once when it is not up.</summary>
    public bool LeavesAtHalt { get; init; }

    /// <summary>Stays until the user leaves.</summary>
    public void Run()
    {
        Directory.CreateDirectory(_layout.States);
        _changes.Watch(_layout.States, FileEvents.MovedTo | FileEvents.ClosedAfterWrite);
        _loop.Add(_changes.Descriptor, PollEvents.Readable, _ => OnStateChange());
        _loop.Add(_input, PollEvents.Readable, _ => OnInput());
        using var resized = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => _loop.Post(SendSize));
        Say($"[Connected to zone '{_name}' console]");
        using (Terminal.IsTerminal(_input) ? Terminal.MakeRaw(_input) : null)
        {
            Join(notice: false);
            _done = LeavesAtHalt && _monitor is null;
            while (!_done)
            {
                _loop.RunOnce();
            }
        }
        Say($"\n[Connection to zone '{_name}' console closed]");
    }

    public void Dispose()
    {
        Leave();
        _changes.Dispose();
        _loop.Dispose();
    }

    private void OnStateChange()
    {
        _changes.Read();
        if (_monitor is null)
        {
            Join(notice: true);
        }
    }

    private void Join(bool notice)
    {
        string socket = Path.Combine(_layout.RunFolder(_name), Conmon.AttachSocket);
        try
        {
            _monitor = UnixSocket.Connect(socket, UnixSocketKind.Packet);
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ECONNREFUSED)
        {
            return; // not up; a change of its state will tell
        }
        _loop.Add(_monitor.Descriptor, PollEvents.Readable, _ => OnOutput());
        if (notice)
        {
            Say("\n[NOTICE: Zone booting up]");
        }
        SendSize();
    }

    private void Leave()
    {
        if (_monitor is not null)
        {
            _loop.Remove(_monitor.Descriptor);
            _monitor.Dispose();
            _monitor = null;
        }
    }

    private void OnOutput()
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
            _output.WriteAll(packet[1..got]);
        }
        else if (got == 0)
        {
            Leave();
            Say("\n[NOTICE: Zone halted]");
            _done |= LeavesAtHalt;
        }
    }

    private void OnInput()
    {
        Span<byte> typed = stackalloc byte[1024];
        int got = _input.Read(typed);
        if (got == 0)
        {
            _done = true;
            return;
        }
        if (got < 0)
        {
            return;
        }
        var (pass, leave) = _escape?.Scan(typed[..got]) ?? (typed[..got].ToArray(), false);
        if (pass.Length > 0 && _monitor is not null)
        {
            try
            {
                _monitor.Send(pass);
            }
            catch (ErrnoException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
            {
                // OnOutput sees the same and says so.
            }
        }
        _done |= leave;
    }

    private void SendSize()
    {
        if (_monitor is not null && Terminal.IsTerminal(_input))
        {
            var size = Terminal.GetSize(_input);
            Conmon.Resize(_layout.RunFolder(_name), size.Rows, size.Columns);
        }
    }

    private void Say(string text)
    {
        if (!_quiet)
        {
            _output.WriteAll(Encoding.UTF8.GetBytes(text.Replace("\n", "\r\n", StringComparison.Ordinal) + "\r\n"));
        }
    }
}
