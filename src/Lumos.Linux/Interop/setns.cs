using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int CLONE_NEWTIME = 0x80, CLONE_FS = 0x200, CLONE_NEWNS = 0x00020000, CLONE_NEWCGROUP = 0x02000000, CLONE_NEWUTS = 0x04000000,
        CLONE_NEWIPC = 0x08000000, CLONE_NEWUSER = 0x10000000, CLONE_NEWPID = 0x20000000, CLONE_NEWNET = 0x40000000;

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int setns(int fd, int type);
}
