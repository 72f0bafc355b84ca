using Lumos.Linux.Interop;

namespace Lumos.Linux.Machine;

/// <summary>Swap areas: taking into use and out of it.</summary>
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

    /// <summary>The devices and files that are swapped to.</summary>
    public static IReadOnlyList<string> Active() =>
        [.. File.ReadLines("/proc/swaps").Skip(1).Select(line => line.Split((char[])[' ', '\t'], 2)[0])];

    /// <summary>Takes an area out of use; what is on it comes back into memory.</summary>
    /// <exception cref="ErrnoException">ENOMEM: it does not fit.</exception>
    public static void Off(string path) => _ = SystemCall.Checked(Libc.swapoff(path), $"swapoff {path}");
}
