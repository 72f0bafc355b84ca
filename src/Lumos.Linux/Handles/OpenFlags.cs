using Lumos.Linux.Interop;

namespace Lumos.Linux.Handles;

/// <summary>Flags of open(2) under their kernel meaning; close-on-exec is always added.</summary>
[Flags]
public enum OpenFlags
{
    ReadOnly = Libc.O_RDONLY,
    WriteOnly = Libc.O_WRONLY,
    ReadWrite = Libc.O_RDWR,
    Create = Libc.O_CREAT,
    Exclusive = Libc.O_EXCL,
    NoControllingTerminal = Libc.O_NOCTTY,
    Truncate = Libc.O_TRUNC,
    Append = Libc.O_APPEND,
    NonBlocking = Libc.O_NONBLOCK,
    Directory = Libc.O_DIRECTORY,
    NoFollow = Libc.O_NOFOLLOW,
    PathOnly = Libc.O_PATH,
}
