using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Ebpf;

/// <summary>What maps, programs and links have in common: a descriptor, a name, a place in bpffs.</summary>
internal static unsafe class EbpfObject
{
    private const int NameLength = 16;

    internal static FileDescriptor Make(int command, Libc.bpf_attr* attributes, string what) =>
        new((int)SystemCall.Checked(Libc.bpf(command, attributes), what));

    internal static void Name(string name, byte* field) =>
        Encoding.ASCII.GetBytes(name.AsSpan(0, Math.Min(name.Length, NameLength - 1)), new Span<byte>(field, NameLength));

    internal static void Pin(FileDescriptor fd, string path)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            var attributes = new Libc.bpf_attr { pathname = (ulong)name, bpf_fd = (uint)fd.Number };
            SystemCall.Checked(Libc.bpf(Libc.BPF_OBJ_PIN, &attributes), $"bpf pin {path}");
        }
    }

    internal static FileDescriptor? OpenPinned(string path)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            var attributes = new Libc.bpf_attr { pathname = (ulong)name };
            long fd = Libc.bpf(Libc.BPF_OBJ_GET, &attributes);
            return Found(fd, $"bpf open {path}") ? new FileDescriptor((int)fd) : null;
        }
    }

    /// <summary>False: ENOENT.</summary>
    internal static bool Found(long result, string what)
    {
        if (result >= 0)
        {
            return true;
        }
        int errno = SystemCall.LastErrno;
        return errno == Errno.ENOENT ? false : throw new ErrnoException(what, errno);
    }
}
