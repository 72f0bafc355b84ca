using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Modules;

/// <summary>Loading one uncompressed .ko file; its dependencies must be loaded before (modprobe knows them, we do not).</summary>
public static unsafe class KernelModule
{
    /// <summary>False: it was loaded or built in already.</summary>
    /// <exception cref="ErrnoException">ENOENT: a symbol or the file is missing; ENOEXEC: not for this kernel.</exception>
    public static bool Load(string path, string parameters = "")
    {
        using var fd = FileDescriptorIo.Open(path, OpenFlags.ReadOnly);
        fixed (byte* p = Encoding.UTF8.GetBytes(parameters + '\0'))
        {
            if (Libc.syscall(Libc.SYS_finit_module, fd.Number, (long)p, 0, 0, 0) == 0)
            {
                return true;
            }
        }
        int errno = SystemCall.LastErrno;
        return errno == Errno.EEXIST ? false : throw new ErrnoException($"load module {path}", errno);
    }
}
