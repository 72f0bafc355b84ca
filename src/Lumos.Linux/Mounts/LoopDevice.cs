using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Mounts;

/// <summary>
/// A file shown as a block device, read-only. The kernel lets go of it by itself when its last user (a mount, usually)
/// has gone; until then the file's content stays even if its name is removed.
/// </summary>
public static unsafe class LoopDevice
{
    private const int Attempts = 64;

    /// <summary>Attaches a file to a free loop device and mounts what is in it.</summary>
    public static void MountFile(string file, string target, string type, MountFlags flags = MountFlags.ReadOnly)
    {
        // The device must stay open until the mount holds it, or it would be let go of at once.
        var (device, path) = Attach(file);
        using (device)
        {
            Mount.At(path, target, type, flags);
        }
    }

    /// <summary>Attaches a file; the device is let go of when the descriptor is closed and nothing else uses it.</summary>
    public static (FileDescriptor Device, string Path) Attach(string file)
    {
        using var backing = FileDescriptorIo.Open(file, OpenFlags.ReadOnly);
        using var control = FileDescriptorIo.Open("/dev/loop-control", OpenFlags.ReadWrite);
        for (int attempt = 1; ; attempt++)
        {
            int number = SystemCall.Checked(Libc.ioctl(control.Number, Libc.LOOP_CTL_GET_FREE, null), "LOOP_CTL_GET_FREE");
            string path = $"/dev/loop{number}";
            var device = FileDescriptorIo.Open(path, OpenFlags.ReadOnly);
            var config = new Libc.loop_config { fd = (uint)backing.Number };
            config.info.lo_flags = Libc.LO_FLAGS_READ_ONLY | Libc.LO_FLAGS_AUTOCLEAR;
            Encoding.UTF8.GetBytes(file.Length > 63 ? file[..63] : file).AsSpan().CopyTo(new Span<byte>(config.info.lo_file_name, 63));
            if (Libc.ioctl(device.Number, Libc.LOOP_CONFIGURE, &config) == 0)
            {
                return (device, path);
            }
            int errno = SystemCall.LastErrno;
            device.Dispose();
            if (errno != Errno.EBUSY || attempt == Attempts) // EBUSY: another was faster
            {
                throw new ErrnoException($"attach {file} to {path}", errno);
            }
        }
    }
}
