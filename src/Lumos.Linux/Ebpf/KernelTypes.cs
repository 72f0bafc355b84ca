using System.Buffers.Binary;
using System.Text;

namespace Lumos.Linux.Ebpf;

/// <summary>
/// The kernel's description of its own types (BTF, Documentation/bpf/btf.rst): a header, a row of types of varying length that
/// are numbered from 1, and the text of their names.
/// </summary>
public static class KernelTypes
{
    private const string File = "/sys/kernel/btf/vmlinux";

    private const int TypeLength = 12;

    private const int KindFunction = 12;

    /// <summary>The number of a function.</summary>
    /// <exception cref="IOException">The kernel does not tell its types, or has no such function.</exception>
    public static uint Function(string name) => Function(System.IO.File.ReadAllBytes(File), name)
        ?? throw new IOException($"this kernel has no function {name}");

    /// <summary>Pure; null: it has none.</summary>
    public static uint? Function(ReadOnlySpan<byte> btf, string name)
    {
        int header = Int(btf, 4);
        var types = btf.Slice(header + Int(btf, 8), Int(btf, 12));
        var names = btf.Slice(header + Int(btf, 16), Int(btf, 20));
        byte[] wanted = Encoding.ASCII.GetBytes(name + '\0');
        int at = 0;
        for (uint id = 1; at < types.Length; id++)
        {
            int info = Int(types, at + 4);
            int kind = (info >> 24) & 0x1f;
            if (kind == KindFunction && names[Int(types, at)..].StartsWith(wanted))
            {
                return id;
            }
            at += TypeLength + LengthBehind(kind, info & 0xffff);
        }
        return null;
    }

    // What follows a type's twelve bytes: for an array, its dimensions; for what has members, one entry each; …
    private static int LengthBehind(int kind, int members) => kind switch
    {
        1 or 14 or 17 => 4, // integer, variable, tag of a declaration
        3 => 12, // array
        4 or 5 or 15 or 19 => 12 * members, // structure, union, section, enumeration of 64 bits
        6 or 13 => 8 * members, // enumeration, prototype of a function
        _ => 0,
    };

    private static int Int(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadInt32LittleEndian(data[at..]);
}
