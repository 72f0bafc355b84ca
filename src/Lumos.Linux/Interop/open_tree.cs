namespace Lumos.Linux.Interop;

internal static partial class Libc
{
    internal const uint OPEN_TREE_CLONE = 1, OPEN_TREE_CLOEXEC = O_CLOEXEC;
}
