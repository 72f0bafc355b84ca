using Lumos.Core;
using Lumos.Linux;

namespace Lumos.Vm;

/// <summary>
/// What is kept of a VM beside its root lies in its dataset, whose quota the VM may have used up: a fault that its operator can mend, and
/// is told how.
/// </summary>
internal static class ZoneRoom
{
    /// <exception cref="LumosException">NoRoom.</exception>
    public static void Write(string uuid, Action write)
    {
        try
        {
            write();
        }
        catch (ErrnoException e) when (e.Errno == Errno.EDQUOT)
        {
            throw new LumosException("NoRoom",
                $"VM {uuid} has used up its quota, and this is kept in its dataset: \"vmadm update {uuid} quota=N\" gives it more, or something in it has to go; nothing was changed", inner: e);
        }
    }
}
