using System.Text;
using Lumos.Linux.Files;

namespace Lumos.Images.Archives;

/// <summary>
/// The entries of a tar archive, one after the other: v7, ustar, GNU's and pax headers, sparse files of each kind. Names, link
/// texts and extended attributes are kept as the bytes they are. A header that cannot be understood whole is an error, never a guess.
/// </summary>
/// <param name="packedBytes">How long the archive is as it lies on the disk; null: nobody knows.</param>
internal sealed class TarReader(Stream archive, ArchiveFault fault, ArchiveLimits limits, long? packedBytes)
{
    private readonly byte[] _block = new byte[TarBlock.Size];
    private readonly PaxRecords _global = new();
    private readonly long _mostRead = packedBytes is { } packed
        ? Math.Max(limits.FreeBytes, packed > long.MaxValue / limits.MostRatio ? long.MaxValue : packed * limits.MostRatio)
        : long.MaxValue;

    private byte[] _name = [];
    private long _left;
    private int _padding;
    private long _read;
    private long _headers;
    private long _bytes;

    /// <summary>Whether the archive ended as one does (a block of zeros), not with its file.</summary>
    public bool HasEnd { get; private set; }

    /// <summary>The next entry; null: there is none. What is left of the content of the last one is passed over.</summary>
    public TarEntry? Next()
    {
        SkipContent();
        var pax = new PaxRecords();
        byte[]? longName = null, longTarget = null;
        while (true)
        {
            if (!ReadHeader())
            {
                return pax.Keys.Any() || longName is not null || longTarget is not null
                    ? throw fault.Damaged("it ends with a header that belongs to an entry") : null;
            }
            var block = new TarBlock(_block);
            switch ((char)block.Type)
            {
                case 'x' or 'X':
                    pax = new PaxRecords(); // the last one counts
                    if (!pax.Add(ReadMeta(block)))
                    {
                        throw fault.Damaged($"the pax header before or of \"{ArchiveFault.Shown(block.Name)}\" is malformed");
                    }
                    break;
                case 'g':
                    if (!_global.Add(ReadMeta(block)) || _global.SparseNumbers.Count > 0 || _global.Keys.Any(NamesAnEntry))
                    {
                        throw fault.Damaged("it has a global header that is malformed, or says of all entries what is one's own");
                    }
                    if (_global.Bytes > limits.MostHeaderBytes)
                    {
                        throw fault.Refused(block.Name, $"is a global header with which all of them say more than {limits.MostHeaderBytes} bytes");
                    }
                    break;
                case 'L':
                    longName = UpToNul(ReadMeta(block));
                    break;
                case 'K':
                    longTarget = UpToNul(ReadMeta(block));
                    break;
                case 'V':
                    _ = ReadMeta(block); // the label of a volume
                    break;
                default:
                    return ToEntry(block, pax.Over(_global), longName, longTarget);
            }
        }
    }

    /// <summary>Reads stored content of the entry that <see cref="Next"/> gave; 0 at its end.</summary>
    public int ReadContent(Span<byte> buffer)
    {
        int wanted = (int)Math.Min(buffer.Length, _left);
        if (wanted == 0)
        {
            return 0;
        }
        int got = archive.Read(buffer[..wanted]);
        if (got == 0)
        {
            throw CutShort();
        }
        Count(got);
        _left -= got;
        return got;
    }

    /// <summary>Reads on to the end of the stream, which is what makes a decompressor look at its sum.</summary>
    /// <returns>Whether there is something after the end of the archive.</returns>
    public bool Drain()
    {
        bool something = false;
        byte[] buffer = new byte[1 << 16];
        while (archive.Read(buffer) is var got and > 0)
        {
            Count(got);
            something |= buffer.AsSpan(0, got).ContainsAnyExcept((byte)0);
        }
        return something;
    }

    private static bool NamesAnEntry(string key) =>
        key is "path" or "linkpath" or "size" || key.StartsWith("GNU.sparse.", StringComparison.Ordinal) || key.StartsWith(PaxRecords.AttributePrefix, StringComparison.Ordinal);

    private bool ReadHeader()
    {
        int got = Fill(_block);
        if (got == 0)
        {
            return false;
        }
        if (got < TarBlock.Size)
        {
            throw CutShort();
        }
        var block = new TarBlock(_block);
        if (block.IsZero)
        {
            HasEnd = true;
            return false;
        }
        if (!block.SumIsRight)
        {
            throw fault.Damaged(_headers == 0 ? "it is no tar archive" : $"after \"{ArchiveFault.Shown(_name)}\" comes no header");
        }
        _name = block.Name;
        if (++_headers > limits.MostEntries)
        {
            throw fault.Refused(_name, $"is one more than the {limits.MostEntries} that an archive may have");
        }
        return true;
    }

    private byte[] ReadMeta(TarBlock block)
    {
        if (block.Length is not { } length || length < 0)
        {
            throw fault.Damaged($"the header of \"{ArchiveFault.Shown(block.Name)}\" has no length");
        }
        if (length > limits.MostHeaderBytes)
        {
            throw fault.Refused(block.Name, $"is described by {length} bytes, and {limits.MostHeaderBytes} are allowed");
        }
        byte[] content = new byte[length];
        Begin(length);
        for (int done = 0; done < length;)
        {
            done += ReadContent(content.AsSpan(done));
        }
        SkipContent();
        return content;
    }

    private TarEntry ToEntry(TarBlock block, PaxRecords pax, byte[]? longName, byte[]? longTarget)
    {
        byte[] name = _name = pax["GNU.sparse.name"] ?? pax["path"] ?? longName ?? block.Name;
        byte[] target = pax["linkpath"] ?? longTarget ?? block.Target;
        var kind = KindOf(block.Type, name);
        if (!pax.TryNumber("size", out var size) || !pax.TryNumber("uid", out var user) || !pax.TryNumber("gid", out var group)
            || (size ?? block.Length) is not { } length || length < 0 || block.Mode is not { } mode
            || (user ?? block.User) is not { } owner || (group ?? block.Group) is not { } ownerGroup
            || (pax.Time("mtime") ?? block.Modified) is not { } modified
            || block.DeviceMajor is not { } major || block.DeviceMinor is not { } minor)
        {
            throw fault.Damaged($"the header of \"{ArchiveFault.Shown(name)}\" has numbers that are none");
        }
        if (name.AsSpan().Contains((byte)0) || target.AsSpan().Contains((byte)0))
        {
            throw fault.Refused(name, "has a name or target with a NUL in it");
        }
        // Only files have content: archivers of old put the length of a file into a link's header too.
        Begin(kind == TarEntryKind.File ? length : 0);
        var (real, extents) = kind == TarEntryKind.File ? Content(block, pax, length) : (0, []);
        if ((_bytes += real) > limits.MostBytes || real > limits.MostBytes)
        {
            throw fault.Refused(name, $"has {real} bytes, which makes more than the {limits.MostBytes} that an archive's files may have");
        }
        return new TarEntry
        {
            Name = name,
            Kind = kind,
            Target = target,
            Mode = (int)(mode & 0xfff),
            User = (ulong)owner,
            Group = (ulong)ownerGroup,
            Modified = modified,
            Accessed = pax.Time("atime") ?? modified,
            Size = real,
            Extents = extents,
            DeviceMajor = (uint)Math.Clamp(major, 0, uint.MaxValue),
            DeviceMinor = (uint)Math.Clamp(minor, 0, uint.MaxValue),
            Attributes = [.. pax.Keys.Where(k => k.StartsWith(PaxRecords.AttributePrefix, StringComparison.Ordinal))
                .Select(k => (k[PaxRecords.AttributePrefix.Length..], pax[k]!))],
            AccessAcl = pax.Text("SCHILY.acl.access"),
            DefaultAcl = pax.Text("SCHILY.acl.default"),
        };
    }

    private TarEntryKind KindOf(byte type, ReadOnlySpan<byte> name) => (char)type switch
    {
        // v7 tar knew directories by their slash alone.
        '0' or '\0' or '7' or 'S' => name.EndsWith("/"u8) ? TarEntryKind.Directory : TarEntryKind.File,
        '1' => TarEntryKind.HardLink,
        '2' => TarEntryKind.SymbolicLink,
        '3' => TarEntryKind.CharacterDevice,
        '4' => TarEntryKind.BlockDevice,
        '5' => TarEntryKind.Directory,
        '6' => TarEntryKind.Fifo,
        'M' => throw fault.Refused(name, "is the rest of a file that begins in another volume"),
        var other => throw fault.Refused(name, $"is of a kind that is not known ({(char.IsAsciiLetterOrDigit(other) ? other : '?')}, {type})"),
    };

    private (long Size, IReadOnlyList<Extent> Extents) Content(TarBlock block, PaxRecords pax, long stored)
    {
        List<long>? numbers;
        long? size;
        if (block.Type == 'S')
        {
            size = block.RealSize;
            numbers = SparseMap.Old(block, NextSparseHeader, limits.MostExtents * 2);
        }
        else if (pax["GNU.sparse.major"] is not null)
        {
            _ = pax.TryNumber("GNU.sparse.realsize", out size);
            numbers = pax.Text("GNU.sparse.major") == "1" && pax.Text("GNU.sparse.minor") == "0"
                ? SparseMap.InContent(NextContentBlock, limits.MostExtents * 2)
                : throw fault.Refused(_name, "is a sparse file of a version that is not known");
        }
        else if (pax["GNU.sparse.map"] is not null || pax["GNU.sparse.numblocks"] is not null || pax.SparseNumbers.Count > 0)
        {
            _ = pax.TryNumber("GNU.sparse.size", out size);
            numbers = pax.Text("GNU.sparse.map") is { } map ? SparseMap.Listed(map) : pax.SparseNumbers;
        }
        else
        {
            return (stored, stored == 0 ? [] : [new Extent(0, stored)]);
        }
        return size is { } whole && whole >= 0 && numbers is not null && numbers.Count <= limits.MostExtents * 2
            && SparseMap.Extents(numbers, whole, _left) is { } extents
            ? (whole, extents)
            : throw fault.Refused(_name, "is a sparse file whose map is damaged, too long, or not that of its content");
    }

    private byte[] NextSparseHeader()
    {
        byte[] block = new byte[TarBlock.Size];
        if (Fill(block) < block.Length)
        {
            throw CutShort();
        }
        return ++_headers > limits.MostEntries ? throw fault.Refused(_name, "is a sparse file in too many parts") : block;
    }

    private byte[]? NextContentBlock()
    {
        byte[] block = new byte[TarBlock.Size];
        if (_left < block.Length)
        {
            return null;
        }
        for (int done = 0; done < block.Length;)
        {
            done += ReadContent(block.AsSpan(done));
        }
        return block;
    }

    private void Begin(long length)
    {
        _left = length;
        _padding = (int)(-length & (TarBlock.Size - 1));
    }

    private void SkipContent()
    {
        byte[] buffer = _left + _padding > 0 ? new byte[Math.Min(_left + _padding, 1 << 16)] : [];
        _left += _padding;
        _padding = 0;
        while (_left > 0)
        {
            _ = ReadContent(buffer);
        }
    }

    private int Fill(byte[] block)
    {
        int got = archive.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
        Count(got);
        return got;
    }

    private void Count(int bytes)
    {
        if ((_read += bytes) > _mostRead)
        {
            throw fault.Refused(_name, $"is where it has become more than {limits.MostRatio} times its packed size of {packedBytes} bytes");
        }
    }

    private Exception CutShort() => fault.Damaged(_headers == 0 ? "it is no tar archive" : $"it ends in the middle of \"{ArchiveFault.Shown(_name)}\"");

    private static byte[] UpToNul(byte[] text)
    {
        int end = Array.IndexOf(text, (byte)0);
        return end < 0 ? text : text[..end];
    }
}
