using Lumos.Linux.Interop;

namespace Lumos.Linux.Zfs;

/// <summary>
/// Renames a dataset by the kernel's own call. The zfs command refuses one that belongs to a zone, and taking it from the zone for
/// that moment would let the machine mount it wherever the tenant has said. Mounts are left as they are.
/// </summary>
public static class ZfsRename
{
    /// <exception cref="ErrnoException">Why not; ENOSYS: there is no such library.</exception>
    public static void Run(string from, string to)
    {
        try
        {
            Check("open /dev/zfs", LibZfsCore.libzfs_core_init());
            try
            {
                Check($"rename {from} to {to}", LibZfsCore.lzc_rename(from, to));
            }
            finally
            {
                LibZfsCore.libzfs_core_fini();
            }
        }
        catch (DllNotFoundException)
        {
            throw new ErrnoException("load libzfs_core.so.3", Errno.ENOSYS);
        }
    }

    private static void Check(string what, int error)
    {
        if (error != 0)
        {
            throw new ErrnoException(what, error);
        }
    }
}
