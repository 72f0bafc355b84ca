using System.Security.Cryptography;
using System.Text;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Microsoft.Win32.SafeHandles;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>
/// Where objects wait for their names: a directory in the target, of a name nobody can foresee and nobody else may enter,
/// with one file for each object that has content, named by its number; tables and attributes go to a scratch file.
/// </summary>
internal sealed class Staging : IReplayTarget, IDisposable
{
    private const long LongestTable = 1L << 44;
    private const int SmallestBlock = 512, MostBlocks = 16 << 20;

    private readonly HeldDirectory _target;
    private readonly byte[] _name;
    private readonly ZfsStreamLimits _limits;
    private readonly Func<string, DatasetException> _invalid;
    private readonly Dictionary<ulong, StagedObject> _objects = [];
    private readonly List<TableBlock> _blocks = [];
    private readonly ScratchFile _scratch;

    private ulong _highest;
    private long _bytes;
    private StagedObject? _openObject;
    private SafeFileHandle? _openFile;

    public Staging(HeldDirectory target, ZfsStreamLimits limits, Func<string, DatasetException> invalid)
    {
        _target = target;
        _limits = limits;
        _invalid = invalid;
        _name = Encoding.ASCII.GetBytes($".lumos-unpack-{RandomNumberGenerator.GetHexString(16, lowercase: true)}");
        target.MakeDirectory(_name, 0x1c0);
        Directory = target.OpenDirectory(_name);
        _scratch = new ScratchFile(Handle(Directory.MakeFile("scratch"u8, 0x180)));
        Directory.Remove("scratch"u8);
    }

    /// <summary>The staging directory itself.</summary>
    public HeldDirectory Directory { get; }

    public StagedObject? Find(ulong number) => _objects.GetValueOrDefault(number);

    /// <summary>The first object of a type.</summary>
    public StagedObject? FindByType(int type) => _objects.Values.FirstOrDefault(o => o.Type == type);

    public byte[] Read(ScratchRange range) => _scratch.Read(range);

    public void AddObject(ulong number, byte type, byte bonusType, int blockSize, ReadOnlySpan<byte> bonus)
    {
        if (number == 0 || number >= 1UL << 48)
        {
            throw _invalid($"holds an object with the impossible number {number}");
        }
        if (type == ObjectTypes.Volume)
        {
            throw _invalid("is of a volume, not of a file system");
        }
        if (number <= _highest && _objects.Count > 0)
        {
            throw _invalid($"brings object {number} twice or out of turn");
        }
        if (_objects.Count >= _limits.MostObjects)
        {
            throw _invalid($"holds more than {_limits.MostObjects} objects");
        }
        Count(bonus.Length);
        var added = new StagedObject(number, type, bonusType, blockSize);
        if (bonusType is ObjectTypes.SystemAttributes or ObjectTypes.Znode)
        {
            added.Bonus = _scratch.Append(bonus);
        }
        _objects.Add(number, added);
        _highest = number;
    }

    public void FreeObjects(ulong first, ulong count)
    {
        // Only numbers that were never given are freed in a full stream; looking at a few is cheap, a real range lies above.
        for (ulong number = first; number <= _highest && number - first < count; number++)
        {
            if (_objects.ContainsKey(number) || number - first == 4096)
            {
                throw _invalid($"takes back objects from {first} on, which no full stream does");
            }
        }
    }

    public void AddSpill(ulong number, ReadOnlySpan<byte> content)
    {
        var owner = Known(number);
        if (owner.Spill.Length > 0)
        {
            throw _invalid($"brings the attributes of object {number} twice");
        }
        Count(content.Length);
        owner.Spill = _scratch.Append(content);
    }

    /// <summary>Takes content as it arrives; the zeros at its end are left to the hole that the file has there.</summary>
    public void Write(ulong number, ulong offset, ReadOnlySpan<byte> content)
    {
        var owner = Known(number);
        bool table = ObjectTypes.IsTable(owner.Type);
        if (!table && owner.Type != ObjectTypes.FileContents)
        {
            return; // bookkeeping of ZFS's own
        }
        long most = table ? LongestTable : _limits.MostFileBytes;
        if (offset > (ulong)most)
        {
            throw _invalid($"writes to byte {offset} of object {number}, which may have {most} bytes");
        }
        var put = content[..(content.LastIndexOfAnyExcept((byte)0) + 1)];
        Count(table ? content.Length : put.Length);
        if (table)
        {
            AddBlock(owner, (long)offset, _scratch.Append(content));
        }
        else if (!put.IsEmpty)
        {
            RandomAccess.Write(Open(owner), put, (long)offset);
        }
    }

    /// <summary>Makes a range zero again; without content there, as nearly always, this is nothing.</summary>
    public void Free(ulong number, ulong offset, ulong length)
    {
        if (Find(number) is not { } owner || length == 0)
        {
            return;
        }
        ulong end = length > ulong.MaxValue - offset ? ulong.MaxValue : offset + length;
        for (int at = owner.FirstBlock; at >= 0; at = _blocks[at].Next)
        {
            if ((ulong)_blocks[at].Offset < end && (ulong)(_blocks[at].Offset + _blocks[at].Range.Length) > offset)
            {
                throw _invalid($"takes back a part of the table {number}, which no full stream does");
            }
        }
        if (owner.HasEntry && RandomAccess.GetLength(Open(owner)) is var there && offset < (ulong)there)
        {
            using var fd = new FileDescriptor((int)Open(owner).DangerousGetHandle(), owns: false);
            fd.PunchHole((long)offset, (long)Math.Min(end, (ulong)there) - (long)offset);
        }
    }

    /// <summary>The blocks of a table in the order they came, each read when it is asked for.</summary>
    public IEnumerable<(long Offset, byte[] Content)> Blocks(StagedObject table)
    {
        for (int at = table.FirstBlock; at >= 0; at = _blocks[at].Next)
        {
            yield return (_blocks[at].Offset, _scratch.Read(_blocks[at].Range));
        }
    }

    /// <summary>The content of a file object as it stands, for values that are kept as files.</summary>
    public byte[] ReadContent(StagedObject file, int length)
    {
        byte[] content = new byte[length];
        if (file.HasEntry)
        {
            var handle = Open(file);
            for (int got = 0, part; got < length && (part = RandomAccess.Read(handle, content.AsSpan(got), got)) > 0;)
            {
                got += part;
            }
        }
        return content;
    }

    /// <summary>The staging file of a regular file, made when there is none yet; valid until another one is asked for.</summary>
    public SafeFileHandle Open(StagedObject file)
    {
        if (_openObject != file || _openFile is null)
        {
            Close();
            _openFile = Handle(file.HasEntry
                ? Directory.OpenFile(file.StagingName, OpenFlags.ReadWrite)
                : Directory.MakeFile(file.StagingName, 0x180));
            file.HasEntry = true;
            _openObject = file;
        }
        return _openFile;
    }

    public void Close()
    {
        _openFile?.Dispose();
        _openFile = null;
        _openObject = null;
    }

    /// <summary>Removes the staging directory with what is left in it.</summary>
    public void Remove()
    {
        Close();
        Directory.RemoveContent();
        _target.RemoveDirectory(_name);
    }

    public void Dispose()
    {
        Close();
        _scratch.Dispose();
        Directory.Dispose();
    }

    private StagedObject Known(ulong number) => Find(number) ?? throw _invalid($"brings content of object {number} before the object");

    private void Count(int bytes)
    {
        if ((_bytes += bytes) > _limits.MostBytes)
        {
            throw _invalid($"brings more than the {_limits.MostBytes} bytes allowed");
        }
    }

    private void AddBlock(StagedObject table, long offset, ScratchRange range)
    {
        if (range.Length < SmallestBlock || _blocks.Count >= MostBlocks)
        {
            throw _invalid($"brings the table {table.Number} in too many or too small blocks");
        }
        _blocks.Add(new TableBlock(offset, range, -1));
        int index = _blocks.Count - 1;
        if (table.LastBlock >= 0)
        {
            _blocks[table.LastBlock] = _blocks[table.LastBlock] with { Next = index };
        }
        else
        {
            table.FirstBlock = index;
        }
        table.LastBlock = index;
    }

    private static SafeFileHandle Handle(FileDescriptor fd)
    {
        var handle = new SafeFileHandle(fd.Number, ownsHandle: true);
        fd.SetHandleAsInvalid();
        return handle;
    }
}
