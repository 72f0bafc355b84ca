using System.Buffers.Binary;
using Lumos.Linux.Files;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>What a file system's object says of itself.</summary>
internal sealed record Znode
{
    public const ulong TrivialAcl = 0x4;

    public uint FullMode { get; init; }

    public ulong Size { get; init; }

    public ulong User { get; init; }

    public ulong Group { get; init; }

    public ulong Links { get; init; }

    public ulong Device { get; init; }

    public ulong Flags { get; init; }

    public ulong ProjectId { get; init; }

    /// <summary>The object that is the directory of its extended attributes; 0: none.</summary>
    public ulong AttributeDirectory { get; init; }

    public FileTime Accessed { get; init; }

    public FileTime Modified { get; init; }

    /// <summary>The text of a link, when it lies among the attributes.</summary>
    public byte[]? LinkText { get; init; }

    /// <summary>A packed list of extended attributes.</summary>
    public byte[]? PackedAttributes { get; init; }

    /// <summary>Permission, set-id and sticky bits.</summary>
    public int Mode => (int)(FullMode & 0xfff);

    /// <summary>Other: a kind that Linux does not have (a door, a port).</summary>
    public FileKind Kind => (FullMode & 0xf000) switch
    {
        0x8000 => FileKind.Regular,
        0x4000 => FileKind.Directory,
        0xa000 => FileKind.Link,
        0x2000 => FileKind.CharacterDevice,
        0x6000 => FileKind.BlockDevice,
        0x1000 => FileKind.Fifo,
        0xc000 => FileKind.Socket,
        _ => FileKind.Other,
    };

    /// <summary>Linux stores its 32-bit number (12 + 20 bits), illumos one of 64 bits.</summary>
    public (uint Major, uint Minor) DeviceNumbers =>
        Device >> 32 != 0 ? ((uint)(Device >> 32), (uint)Device) : ((uint)(Device >> 20), (uint)(Device & 0xfffff));

    /// <summary>The fixed structure of file systems before ZPL version 5; a short link's text follows it.</summary>
    public static Znode? ReadOld(ReadOnlySpan<byte> bonus)
    {
        const int length = 0x108;
        if (bonus.Length < length)
        {
            return null;
        }
        ulong size = U64(bonus, 80);
        uint mode = (uint)U64(bonus, 72);
        return new Znode
        {
            Accessed = Time(bonus),
            Modified = Time(bonus[16..]),
            FullMode = mode,
            Size = size,
            Links = U64(bonus, 96),
            AttributeDirectory = U64(bonus, 104),
            Device = U64(bonus, 112),
            Flags = U64(bonus, 120),
            User = U64(bonus, 128),
            Group = U64(bonus, 136),
            LinkText = (mode & 0xf000) == 0xa000 && size <= (ulong)(bonus.Length - length) ? bonus.Slice(length, (int)size).ToArray() : null,
        };
    }

    public static FileTime Time(ReadOnlySpan<byte> pair) =>
        new(BinaryPrimitives.ReadInt64LittleEndian(pair), (int)Math.Min(U64(pair, 8), 999_999_999));

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
