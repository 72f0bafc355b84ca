using System.Buffers.Binary;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>The list of names and values ("nvlist", in XDR) in which ZFS keeps extended attributes beside a file's other attributes.</summary>
internal static class PackedAttributes
{
    private const int ByteArray = 10;

    /// <summary>Null: the list contradicts itself. Values of other types than bytes do not occur and are damage too.</summary>
    public static IReadOnlyList<(byte[] Name, byte[] Value)>? Read(ReadOnlySpan<byte> packed)
    {
        // Encoding (1: XDR), byte order, two reserved; version and flags.
        if (packed.Length < 12 || packed[0] != 1)
        {
            return null;
        }
        var found = new List<(byte[], byte[])>();
        int at = 12;
        while (true)
        {
            if (packed.Length - at < 8)
            {
                return null;
            }
            int length = Int(packed, at), unpacked = Int(packed, at + 4);
            if (length == 0 || unpacked == 0)
            {
                return found;
            }
            if (length < 20 || length > packed.Length - at)
            {
                return null;
            }
            var pair = packed.Slice(at, length);
            at += length;
            int nameLength = Int(pair, 8);
            int typeAt = 12 + Padded(nameLength);
            if (nameLength is < 1 or > 1024 || typeAt + 8 > length || Int(pair, typeAt) != ByteArray)
            {
                return null;
            }
            int count = Int(pair, typeAt + 4);
            if (count < 0 || count > length - typeAt - 8)
            {
                return null;
            }
            found.Add((pair.Slice(12, nameLength).ToArray(), pair.Slice(typeAt + 8, count).ToArray()));
        }
    }

    private static int Padded(int length) => length < 0 || length > 1 << 20 ? 1 << 20 : (length + 3) & ~3;

    private static int Int(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32BigEndian(bytes[at..]);
}
