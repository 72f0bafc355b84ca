namespace Lumos.Linux.Interop;

internal static partial class Libc
{
    internal const long SYS_finit_module = 313, SYS_delete_module = 176;
}
