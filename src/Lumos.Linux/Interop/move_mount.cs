namespace Lumos.Linux.Interop;

internal static partial class Libc
{
    internal const uint MOVE_MOUNT_F_EMPTY_PATH = 4, MOVE_MOUNT_T_EMPTY_PATH = 0x40;
}
