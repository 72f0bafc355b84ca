using Microsoft.Win32.SafeHandles;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>
/// A volume in a stream is two objects: 1 has its content, 2 a table with its size. The content goes to a file as it comes, holes as holes; nothing is
/// written beyond what the limits allow, and in the end nothing may lie beyond the size.
/// </summary>
internal sealed class VolumeTarget : IReplayTarget, IDisposable
{
    private const ulong Content = 1, Table = 2;

    private const int LargestTable = 1 << 20;

    private const long Sector = 512;

    private static readonly byte[] Zeros = new byte[1 << 16];

    private readonly SafeFileHandle _file;
    private readonly ZfsStreamLimits _limits;
    private readonly Func<string, DatasetException> _invalid;
    private readonly SortedDictionary<long, byte[]> _table = [];
    private int _tableBlock;
    private bool _hasContent;
    private long _written, _end;

    /// <param name="path">Of the file to be made.</param>
    public VolumeTarget(string path, ZfsStreamLimits limits, Func<string, DatasetException> invalid)
    {
        (_limits, _invalid) = (limits, invalid);
        _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
    }

    public void AddObject(ulong number, byte type, byte bonusType, int blockSize, ReadOnlySpan<byte> bonus)
    {
        switch (number, (int)type)
        {
            case (Content, ObjectTypes.Volume) when !_hasContent:
                _hasContent = true;
                break;
            case (Table, ObjectTypes.VolumeProperties) when _tableBlock == 0:
                _tableBlock = blockSize;
                break;
            default:
                throw _invalid($"is of a volume and holds object {number} of the type {type}, which a volume does not have");
        }
    }

    /// <summary>Nothing was there before.</summary>
    public void FreeObjects(ulong first, ulong count)
    {
        if (count > 0 && first <= Table && ((first <= Content && _hasContent) || _tableBlock > 0))
        {
            throw _invalid("takes away what it has brought");
        }
    }

    public void AddSpill(ulong number, ReadOnlySpan<byte> content) => throw _invalid("is of a volume and holds attributes, which a volume does not have");

    public void Write(ulong number, ulong offset, ReadOnlySpan<byte> content)
    {
        if (number == Table && _tableBlock > 0 && offset < LargestTable && content.Length < LargestTable)
        {
            _table[(long)offset] = content.ToArray();
            return;
        }
        if (number != Content || !_hasContent || offset > (ulong)_limits.MostFileBytes || content.Length > _limits.MostFileBytes - (long)offset)
        {
            throw _invalid($"writes to object {number} at {offset}, where nothing can be");
        }
        long end = (long)offset + content.Length;
        bool isZero = !content.ContainsAnyExcept((byte)0);
        if (isZero && (long)offset >= _end)
        {
            return; // a hole
        }
        _written += content.Length;
        if (_written > _limits.MostBytes)
        {
            throw _invalid($"writes more than {_limits.MostBytes} bytes");
        }
        RandomAccess.Write(_file, content, (long)offset);
        _end = Math.Max(_end, end);
    }

    /// <summary>Most of what is free was never written.</summary>
    public void Free(ulong number, ulong offset, ulong length)
    {
        if (number != Content)
        {
            return;
        }
        ulong end = Math.Min((ulong)_end, length > ulong.MaxValue - offset ? ulong.MaxValue : offset + length);
        for (ulong at = offset; at < end;)
        {
            int part = (int)Math.Min((ulong)Zeros.Length, end - at);
            RandomAccess.Write(_file, Zeros.AsSpan(0, part), (long)at);
            at += (ulong)part;
        }
    }

    /// <summary>Gives the file the volume's size, and returns it.</summary>
    public long Finish()
    {
        var size = _tableBlock == 0 ? default : ZapTable.Read(_table.Select(block => (block.Key, block.Value)), _tableBlock,
            why => _invalid($"has a table of the volume's size that is damaged: {why}")).FirstOrDefault(entry => entry.Name.AsSpan().SequenceEqual("size"u8));
        if (size.Values is not [var bytes] || bytes == 0 || bytes > (ulong)_limits.MostFileBytes || (long)bytes % Sector != 0)
        {
            throw _invalid("does not tell a size that a volume can have");
        }
        if (_end > (long)bytes)
        {
            throw _invalid($"has content beyond the volume's size of {bytes} bytes");
        }
        RandomAccess.SetLength(_file, (long)bytes);
        return (long)bytes;
    }

    public void Dispose() => _file.Dispose();
}
