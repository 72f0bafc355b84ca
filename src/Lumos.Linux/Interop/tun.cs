namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const ulong TUNSETIFF = 0x400454ca;

    internal const short IFF_TAP = 0x0002, IFF_NO_PI = 0x1000, IFF_VNET_HDR = 0x4000;

    internal const int IFNAMSIZ = 16;

    /// <summary>The part of struct ifreq that names a link and bears flags; the rest of its 40 bytes is of no use here.</summary>
    internal struct ifreq_flags
    {
        internal fixed byte ifr_name[IFNAMSIZ];
        internal short ifr_flags;
        internal fixed byte rest[22];
    }
}
