using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Netlink;

/// <summary>
/// A network link whose cable is a descriptor: what is written to it arrives on the link, what is sent on the link is read from
/// it. The link is there for as long as the descriptor is open anywhere, so whoever dies with it leaves none behind.
/// </summary>
public static unsafe class TapDevice
{
    private const string Control = "/dev/net/tun";

    /// <summary>Makes a link in the network namespace of this thread; each frame bears a virtio header, as a virtual machine wants it.</summary>
    /// <exception cref="ErrnoException">EBUSY: there is a link of that name; ENOENT: the kernel's module tun is not loaded.</exception>
    public static FileDescriptor Open(string name)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(name);
        if (bytes.Length >= Libc.IFNAMSIZ)
        {
            throw new ErrnoException($"link name {name} is longer than {Libc.IFNAMSIZ - 1} characters", Errno.ENAMETOOLONG);
        }
        var fd = FileDescriptorIo.Open(Control, OpenFlags.ReadWrite | OpenFlags.NonBlocking);
        try
        {
            var request = new Libc.ifreq { ifr_flags = Libc.IFF_TAP | Libc.IFF_NO_PI | Libc.IFF_VNET_HDR };
            bytes.CopyTo(new Span<byte>(request.ifr_name, Libc.IFNAMSIZ));
            _ = SystemCall.Checked(Libc.ioctl(fd.Number, Libc.TUNSETIFF, &request), $"make link {name}");
            return fd;
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }
}
