using System.Runtime.InteropServices;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Terminals;

/// <summary>Characters across and down.</summary>
public readonly record struct TerminalSize(int Columns, int Rows);

/// <summary>Terminals: raw mode and back, size, controlling terminal, pseudo-terminals.</summary>
public static unsafe class Terminal
{
    /// <summary>The standard streams, not owned.</summary>
    public static FileDescriptor StandardInput { get; } = new(0, owns: false);

    /// <inheritdoc cref="StandardInput"/>
    public static FileDescriptor StandardOutput { get; } = new(1, owns: false);

    /// <inheritdoc cref="StandardInput"/>
    public static FileDescriptor StandardError { get; } = new(2, owns: false);

    public static bool IsTerminal(FileDescriptor fd) => Libc.isatty(fd.Number) == 1;

    /// <summary>Raw mode: every byte passes as it is. Disposing the result brings the old mode back.</summary>
    public static IDisposable MakeRaw(FileDescriptor fd)
    {
        Libc.termios old;
        _ = SystemCall.Checked(Libc.tcgetattr(fd.Number, &old), "tcgetattr");
        var raw = old;
        Libc.cfmakeraw(&raw);
        _ = SystemCall.Checked(Libc.tcsetattr(fd.Number, Libc.TCSADRAIN, &raw), "tcsetattr");
        return new Restore(fd, old);
    }

    public static TerminalSize GetSize(FileDescriptor fd)
    {
        Libc.winsize size;
        _ = SystemCall.Checked(Libc.ioctl(fd.Number, Libc.TIOCGWINSZ, &size), "TIOCGWINSZ");
        return new TerminalSize(size.ws_col, size.ws_row);
    }

    public static void SetSize(FileDescriptor fd, TerminalSize value)
    {
        var size = new Libc.winsize { ws_col = (ushort)value.Columns, ws_row = (ushort)value.Rows };
        _ = SystemCall.Checked(Libc.ioctl(fd.Number, Libc.TIOCSWINSZ, &size), "TIOCSWINSZ");
    }

    /// <summary>Starts a session of our own (EPERM when we lead one already counts as done).</summary>
    public static void StartSession()
    {
        if (Libc.setsid() < 0 && SystemCall.LastErrno is var errno and not Errno.EPERM)
        {
            throw new ErrnoException("setsid", errno);
        }
    }

    /// <summary>Makes the terminal our session's; <paramref name="steal"/> takes it from another session (root only).</summary>
    public static void MakeControlling(FileDescriptor fd, bool steal = false) =>
        _ = SystemCall.Checked(Libc.ioctl(fd.Number, Libc.TIOCSCTTY, (void*)(steal ? 1 : 0)), "TIOCSCTTY");

    /// <summary>A new pseudo-terminal: our end, and the path of the other.</summary>
    public static (FileDescriptor Master, string SlavePath) OpenPseudoTerminal()
    {
        int fd = Libc.posix_openpt(Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_CLOEXEC);
        var master = new FileDescriptor(SystemCall.Checked(fd, "posix_openpt"));
        _ = SystemCall.Checked(Libc.grantpt(master.Number), "grantpt");
        _ = SystemCall.Checked(Libc.unlockpt(master.Number), "unlockpt");
        byte* name = stackalloc byte[128];
        int error = Libc.ptsname_r(master.Number, name, 128);
        return error == 0
            ? (master, Marshal.PtrToStringUTF8((nint)name)!)
            : throw new ErrnoException("ptsname", error);
    }

    private sealed class Restore(FileDescriptor fd, Libc.termios old) : IDisposable
    {
        private Libc.termios _old = old;

        public void Dispose()
        {
            fixed (Libc.termios* p = &_old)
            {
                _ = Libc.tcsetattr(fd.Number, Libc.TCSADRAIN, p); // the terminal may be gone: nothing to restore then
            }
        }
    }
}
