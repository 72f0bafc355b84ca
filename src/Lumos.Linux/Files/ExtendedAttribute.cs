using System.Text;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Files;

/// <summary>Extended attributes of files; links are not followed.</summary>
public static unsafe class ExtendedAttribute
{
    private const int ENODATA = 61, FirstGuess = 1024, Longest = 65536;

    /// <summary>The value; null when the file has no such attribute, or when there is no such file.</summary>
    public static byte[]? Read(string path, string name)
    {
        byte* small = stackalloc byte[FirstGuess];
        nint got = Libc.lgetxattr(path, name, small, FirstGuess);
        if (got >= 0)
        {
            return new ReadOnlySpan<byte>(small, (int)got).ToArray();
        }
        if (SystemCall.LastErrno == Errno.ERANGE)
        {
            byte[] large = new byte[Longest];
            fixed (byte* p = large)
            {
                got = Libc.lgetxattr(path, name, p, Longest);
            }
            if (got >= 0)
            {
                return large[..(int)got];
            }
        }
        int errno = SystemCall.LastErrno;
        return errno is ENODATA or Errno.ENOENT ? null : throw new ErrnoException($"read attribute {name} of {path}", errno);
    }

    /// <summary>Sets the value, whether there was one or not.</summary>
    public static void Write(string path, string name, ReadOnlySpan<byte> value)
    {
        fixed (byte* p = value, f = Encoding.UTF8.GetBytes(path + '\0'), n = Encoding.UTF8.GetBytes(name + '\0'))
        {
            byte none = 0; // an empty value still wants an address
            _ = SystemCall.Checked(
                Libc.lsetxattr(f, n, p is null ? &none : p, (nuint)value.Length, 0), $"write attribute {name} of {path}");
        }
    }

    /// <summary>Takes the attribute away; one that is not there is no error.</summary>
    public static void Remove(string path, string name)
    {
        if (Libc.lremovexattr(path, name) != 0 && SystemCall.LastErrno is var errno and not ENODATA)
        {
            throw new ErrnoException($"remove attribute {name} of {path}", errno);
        }
    }
}
