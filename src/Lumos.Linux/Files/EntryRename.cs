using System.Text;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Files;

/// <summary>Renames that rename(2) does not know.</summary>
public static unsafe class EntryRename
{
    /// <summary>Each takes the other's name, in one step.</summary>
    public static void Exchange(string one, string other)
    {
        fixed (byte* a = Encoding.UTF8.GetBytes(one + '\0'), b = Encoding.UTF8.GetBytes(other + '\0'))
        {
            _ = SystemCall.Checked(
                Libc.renameat2(Libc.AT_FDCWD, a, Libc.AT_FDCWD, b, Libc.RENAME_EXCHANGE), $"exchange {one} and {other}");
        }
    }
}
