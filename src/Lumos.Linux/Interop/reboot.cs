using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    internal const int RB_AUTOBOOT = 0x01234567, RB_HALT_SYSTEM = unchecked((int)0xcdef0123), RB_POWER_OFF = 0x4321fedc,
        RB_DISABLE_CAD = 0;

    [LibraryImport(Name, SetLastError = true)]
    internal static partial int reboot(int command);
}
