using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Files;

/// <summary>
/// Opening a path that leads where it says: no part of it may be a symbolic link. For paths that an administrator gave and part of
/// which somebody else may own (a folder below a zone's root): a link put there later would lead elsewhere.
/// </summary>
public static unsafe class StraightPath
{
    /// <summary>The file or directory itself, neither for reading nor for writing.</summary>
    /// <exception cref="ErrnoException">ELOOP: a part of it is a symbolic link; ENOENT and the like.</exception>
    public static FileDescriptor Open(string path)
    {
        var how = new Libc.open_how
        {
            flags = Libc.O_PATH | Libc.O_CLOEXEC,
            resolve = Libc.RESOLVE_NO_SYMLINKS | Libc.RESOLVE_NO_MAGICLINKS,
        };
        fixed (byte* p = Encoding.UTF8.GetBytes(path + '\0'))
        {
            long fd = Libc.syscall(Libc.SYS_openat2, Libc.AT_FDCWD, (long)p, (long)&how, sizeof(Libc.open_how), 0);
            return new FileDescriptor((int)SystemCall.Checked(fd, $"open {path}"));
        }
    }
}
