using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const ulong TUNSETIFF = 0x400454ca;

    internal const short IFF_TAP = 0x0002, IFF_NO_PI = 0x1000, IFF_VNET_HDR = 0x4000;

    internal const int IFNAMSIZ = 16;

    /// <summary>A request about a link, of which only flags are of use here.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    internal struct ifreq
    {
        internal fixed byte ifr_name[IFNAMSIZ];
        internal short ifr_flags;
    }
}
