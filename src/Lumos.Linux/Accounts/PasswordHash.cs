using System.Runtime.InteropServices;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Accounts;

/// <summary>Hashes of passwords as /etc/shadow holds them.</summary>
public static unsafe class PasswordHash
{
    private static readonly Lock OneAtATime = new();

    /// <summary>A fresh hash by yescrypt with the library's cost and a random salt.</summary>
    /// <exception cref="ErrnoException">EINVAL: the password cannot be hashed (longer than 512 bytes).</exception>
    public static string Make(string password)
    {
        lock (OneAtATime)
        {
            byte* setting = LibCrypt.crypt_gensalt("$y$", 0, null, 0);
            if (setting is null)
            {
                throw new ErrnoException("crypt_gensalt", SystemCall.LastErrno);
            }
            return Hash(password, setting);
        }
    }

    /// <summary>Whether the password is the one the hash was made of.</summary>
    public static bool Matches(string password, string hash)
    {
        lock (OneAtATime)
        {
            fixed (byte* setting = System.Text.Encoding.UTF8.GetBytes(hash + '\0'))
            {
                return Hash(password, setting) == hash;
            }
        }
    }

    private static string Hash(string password, byte* setting)
    {
        byte* hash = LibCrypt.crypt(password, setting);
        string? text = Marshal.PtrToStringUTF8((nint)hash);
        // A setting that is none gives a "failure token" beginning with an asterisk, which no password matches.
        return text is null || text.StartsWith('*')
            ? throw new ErrnoException("crypt", SystemCall.LastErrno)
            : text;
    }
}
