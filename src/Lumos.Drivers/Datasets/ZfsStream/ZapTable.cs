using System.Buffers.Binary;
using System.Numerics;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>An entry of a table: a name (without its NUL) and integers.</summary>
internal readonly record struct ZapEntry(byte[] Name, ulong[] Values);

/// <summary>
/// ZFS's tables of names ("ZAP objects"), which directories are too. A micro table is one block of 64-byte entries; a fat
/// one has a header, a hash table of pointers and leaves that hold entries as chains of 24-byte chunks. We want all
/// entries, in any order, so the pointers are passed over and each leaf is read once as its block comes: no loop is
/// possible, and the work is bounded by the bytes that were sent. The header's count of entries must come out right.
/// </summary>
internal static class ZapTable
{
    private const ulong Leaf = 1UL << 63, Header = Leaf + 1, Micro = Leaf + 3, FatMagic = 0x2F52AB2AB;
    private const uint LeafMagic = 0x2AB1EAF;
    private const int ChunkLength = 24, ArrayBytes = 21, EntryChunk = 252, ArrayChunk = 251, MicroEntryLength = 64;

    /// <param name="blocks">The table's blocks, each with its offset.</param>
    /// <param name="blockSize">The object's block size.</param>
    /// <param name="damaged">Makes the exception for a table that contradicts itself, of a reason.</param>
    public static IEnumerable<ZapEntry> Read(IEnumerable<(long Offset, byte[] Content)> blocks, int blockSize, Func<string, Exception> damaged)
    {
        ulong expected = 0, found = 0;
        bool first = true, micro = false;
        long last = -1;
        foreach (var (offset, content) in blocks)
        {
            if (offset <= last || content.Length < 128 || content.Length != blockSize)
            {
                throw damaged("its blocks overlap or have a wrong length");
            }
            last = offset + content.Length - 1;
            ulong type = U64(content, 0);
            if (first)
            {
                micro = type == Micro;
                if (offset != 0 || (!micro && (type != Header || U64(content, 8) != FatMagic)))
                {
                    throw damaged("it has no header");
                }
                expected = micro ? 0 : U64(content, 72);
                first = false;
                foreach (var entry in micro ? ReadMicro(content) : [])
                {
                    yield return entry;
                }
            }
            else if (micro)
            {
                throw damaged("it has more blocks than such a table can have");
            }
            else if (type == Leaf && BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(24)) == LeafMagic)
            {
                foreach (var entry in ReadLeaf(content, damaged))
                {
                    found++;
                    yield return entry;
                }
            }
        }
        if (first)
        {
            throw damaged("it has no content");
        }
        if (found != expected)
        {
            throw damaged($"it has {found} entries and says {expected}");
        }
    }

    private static IEnumerable<ZapEntry> ReadMicro(byte[] block)
    {
        for (int at = MicroEntryLength; at + MicroEntryLength <= block.Length; at += MicroEntryLength)
        {
            var name = block.AsSpan(at + 14, MicroEntryLength - 14);
            int end = name.IndexOf((byte)0);
            if (end != 0)
            {
                yield return new ZapEntry(name[..(end < 0 ? name.Length : end)].ToArray(), [U64(block, at)]);
            }
        }
    }

    private static IEnumerable<ZapEntry> ReadLeaf(byte[] block, Func<string, Exception> damaged)
    {
        if (!BitOperations.IsPow2(block.Length))
        {
            throw damaged("a leaf has an odd length");
        }
        int hashEntries = block.Length / 32;
        int start = (2 * ChunkLength) + (2 * hashEntries);
        int chunks = ((block.Length - (2 * hashEntries)) / ChunkLength) - 2;
        for (int chunk = 0; chunk < chunks; chunk++)
        {
            int at = start + (chunk * ChunkLength);
            if (block[at] != EntryChunk)
            {
                continue;
            }
            int width = block[at + 1], nameLength = U16(block, at + 6), count = U16(block, at + 10);
            if (width is not (1 or 2 or 4 or 8) || nameLength < 2)
            {
                throw damaged("an entry has no name or a wrong value");
            }
            byte[] name = Chain(block, start, chunks, U16(block, at + 4), nameLength, damaged);
            byte[] values = Chain(block, start, chunks, U16(block, at + 8), width * count, damaged);
            if (name[^1] != 0 || name.AsSpan(0, nameLength - 1).Contains((byte)0))
            {
                throw damaged("a name does not end where it says");
            }
            ulong[] integers = new ulong[count];
            for (int i = 0; i < values.Length; i++)
            {
                integers[i / width] = (integers[i / width] << 8) | values[i]; // values lie big-endian in their chunks
            }
            yield return new ZapEntry(name[..^1], integers);
        }
    }

    /// <summary>Bytes that lie in a chain of array chunks; as many steps as the length needs, so a loop ends by itself.</summary>
    private static byte[] Chain(byte[] block, int start, int chunks, int chunk, int length, Func<string, Exception> damaged)
    {
        byte[] bytes = new byte[length];
        for (int got = 0; got < length;)
        {
            int at = start + (chunk * ChunkLength);
            if (chunk >= chunks || block[at] != ArrayChunk)
            {
                throw damaged("a chain of chunks is broken");
            }
            int part = Math.Min(ArrayBytes, length - got);
            block.AsSpan(at + 1, part).CopyTo(bytes.AsSpan(got));
            got += part;
            chunk = U16(block, at + 1 + ArrayBytes);
        }
        return bytes;
    }

    private static ulong U64(byte[] block, int at) => BinaryPrimitives.ReadUInt64LittleEndian(block.AsSpan(at));

    private static int U16(byte[] block, int at) => BinaryPrimitives.ReadUInt16LittleEndian(block.AsSpan(at));
}
