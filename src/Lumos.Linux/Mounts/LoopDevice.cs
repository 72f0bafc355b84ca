using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Mounts;

/// <summary>
/// A file shown as a block device. Unless it is to stay, the kernel lets go of it by itself when its last user (a mount,
/// usually) has gone; until then the file's content stays even if its name is removed.
/// </summary>
public static unsafe class LoopDevice
{
    private const int Attempts = 64;

    /// <summary>Attaches a file to a free loop device and mounts what is in it; read-only flags make a read-only device.</summary>
    /// <param name="direct">Past the page cache, where the file's own file system can: what is in it has one of its own.</param>
    public static void MountFile(
        string file, string target, string type, MountFlags flags = MountFlags.ReadOnly, string? data = null, bool direct = false)
    {
        // The device must stay open until the mount holds it, or it would be let go of at once.
        var (device, path) = Attach(file, writable: !flags.HasFlag(MountFlags.ReadOnly), direct: direct);
        using (device)
        {
            Mount.At(path, target, type, flags, data);
        }
    }

    /// <summary>Attaches a file to a free device.</summary>
    /// <param name="file">What to show.</param>
    /// <param name="writable">Else read-only.</param>
    /// <param name="direct">Past the page cache, where the file's own file system can.</param>
    /// <param name="stays">Until <see cref="Detach"/>; else the device is let go of when the descriptor is closed and nothing else uses it.</param>
    public static (FileDescriptor Device, string Path) Attach(string file, bool writable = false, bool stays = false, bool direct = false)
    {
        var access = writable ? OpenFlags.ReadWrite : OpenFlags.ReadOnly;
        using var backing = FileDescriptorIo.Open(file, access);
        using var control = FileDescriptorIo.Open("/dev/loop-control", OpenFlags.ReadWrite);
        for (int attempt = 1; ; attempt++)
        {
            int number = SystemCall.Checked(Libc.ioctl(control.Number, Libc.LOOP_CTL_GET_FREE, null), "LOOP_CTL_GET_FREE");
            string path = $"/dev/loop{number}";
            var device = FileDescriptorIo.Open(path, access);
            var config = new Libc.loop_config { fd = (uint)backing.Number };
            config.info.lo_flags = (writable ? 0 : Libc.LO_FLAGS_READ_ONLY) | (stays ? 0 : Libc.LO_FLAGS_AUTOCLEAR)
                | (direct ? Libc.LO_FLAGS_DIRECT_IO : 0);
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

    /// <summary>Lets go of the file, at once or when the last user has gone. A device that shows nothing is fine.</summary>
    public static void Detach(string path)
    {
        using var device = FileDescriptorIo.Open(path, OpenFlags.ReadOnly);
        if (Libc.ioctl(device.Number, Libc.LOOP_CLR_FD, null) != 0 && SystemCall.LastErrno is var errno and not Errno.ENXIO)
        {
            throw new ErrnoException($"detach {path}", errno);
        }
    }

    /// <summary>Tells the device that its file has another length now.</summary>
    public static void Resize(string path)
    {
        using var device = FileDescriptorIo.Open(path, OpenFlags.ReadOnly);
        _ = SystemCall.Checked(Libc.ioctl(device.Number, Libc.LOOP_SET_CAPACITY, null), $"resize {path}");
    }

    /// <summary>Whether the device shows this very file.</summary>
    public static bool Shows(string path, string file)
    {
        if (!File.Exists(path))
        {
            return false;
        }
        using var device = FileDescriptorIo.Open(path, OpenFlags.ReadOnly);
        Libc.loop_info64 info;
        if (Libc.ioctl(device.Number, Libc.LOOP_GET_STATUS64, &info) != 0)
        {
            return SystemCall.LastErrno is var errno and not Errno.ENXIO ? throw new ErrnoException($"look at {path}", errno) : false;
        }
        var status = Files.FileStatus.Of(file);
        return info.lo_inode == status.Inode && info.lo_device == EncodeDevice(status.FsMajor, status.FsMinor);
    }

    /// <summary>A device's number as the kernel puts it into 64 bits (huge_encode_dev).</summary>
    private static ulong EncodeDevice(uint major, uint minor) => (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}
