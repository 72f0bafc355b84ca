using Lumos.Linux.Interop;

namespace Lumos.Linux.Machine;

/// <summary>swapon(2).</summary>
public static class Swap
{
    /// <summary>Swaps to a device that holds a swap signature; one in use already is fine.</summary>
    /// <exception cref="ErrnoException">EINVAL: no swap signature; ENXIO, ENOENT: no such device.</exception>
    public static void On(string device)
    {
        if (Libc.swapon(device, 0) != 0 && SystemCall.LastErrno is var errno && errno != Errno.EBUSY)
        {
            throw new ErrnoException($"swap on {device}", errno);
        }
    }
}
