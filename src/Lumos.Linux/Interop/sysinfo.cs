using System.Runtime.InteropServices;

namespace Lumos.Linux.Interop;

internal static unsafe partial class Libc
{
    [StructLayout(LayoutKind.Sequential, Size = 112)]
    internal struct sysinfo
    {
        internal long uptime;
        internal fixed ulong loads[3];
        internal ulong totalram, freeram, sharedram, bufferram, totalswap, freeswap;
        internal ushort procs, padding;
        internal ulong totalhigh, freehigh;
        internal uint mem_unit;
    }

    [LibraryImport(Name, EntryPoint = "sysinfo", SetLastError = true)]
    internal static partial int sysinfo_read(sysinfo* info);
}
