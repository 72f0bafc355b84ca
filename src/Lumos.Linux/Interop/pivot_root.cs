namespace Lumos.Linux.Interop;

internal static partial class Libc
{
    /// <summary>The C library has no function for it.</summary>
    internal const long SYS_pivot_root = 155;
}
