namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>Carries out the records of a stream one after the other upon what they are to make.</summary>
internal sealed class StreamReplay(SendStreamReader reader, IReplayTarget staging)
{
    private const int LongestBonus = 16384;

    private readonly BlockDecompression _decompression = new();
    private byte[] _block = new byte[1 << 17];

    /// <summary>The next record; false after the last.</summary>
    public bool Next()
    {
        reader.Read();
        var record = reader.Record;
        switch (record.Type)
        {
            case SendRecordType.Object:
                AddObject(record);
                return true;
            case SendRecordType.FreeObjects:
                staging.FreeObjects(record.U64(8), record.U64(16));
                return true;
            case SendRecordType.Write:
                Write(record);
                return true;
            case SendRecordType.WriteEmbedded:
                WriteEmbedded(record);
                return true;
            case SendRecordType.Free:
                staging.Free(record.Object, record.U64(16), record.U64(24));
                return true;
            case SendRecordType.Spill:
                AddSpill(record);
                return true;
            case SendRecordType.End:
                return false;
            case SendRecordType.WriteByReference:
                throw reader.Invalid("is deduplicated (zfs send -D); pass it through zstream redup first");
            default:
                throw reader.Invalid($"holds a record of the type {(uint)record.Type}, which a full stream does not have");
        }
    }

    private void AddObject(SendRecord record)
    {
        uint blockSize = record.U32(24), bonusLength = record.U32(28);
        if (blockSize is 0 or > SendStreamReader.LargestBlock || bonusLength > LongestBonus || record.U32(36) != 0)
        {
            throw reader.Invalid($"describes object {record.Object} in an impossible way");
        }
        (ulong number, uint type, uint bonusType) = (record.Object, record.U32(16), record.U32(20));
        var bonus = reader.ReadPayload((bonusLength + 7) & ~7u);
        staging.AddObject(number, (byte)Math.Min(type, 255), (byte)Math.Min(bonusType, 255), (int)blockSize, bonus[..(int)bonusLength]);
    }

    private void Write(SendRecord record)
    {
        (ulong number, ulong offset, ulong length, int compression) = (record.Object, record.U64(24), record.U64(32), record.U8(50));
        if (compression == 0)
        {
            staging.Write(number, offset, reader.ReadPayload(length));
            return;
        }
        staging.Write(number, offset, Decompress(compression, number, length, reader.ReadPayload(record.U64(96))));
    }

    private void WriteEmbedded(SendRecord record)
    {
        (ulong number, ulong offset, ulong length) = (record.Object, record.U64(16), record.U64(24));
        (int compression, int kind, uint logical, uint physical) = (record.U8(40), record.U8(41), record.U32(48), record.U32(52));
        if (kind != 0 || physical > 112 || logical > length || length > SendStreamReader.LargestBlock)
        {
            throw reader.Invalid($"embeds a block of object {number} in an impossible way");
        }
        var payload = reader.ReadPayload((physical + 7) & ~7u)[..(int)physical];
        Decompress(compression, number, logical, payload);
        // The block is as long as the object's blocks, with zeros behind what was embedded.
        var block = Block((int)length);
        block[(int)logical..].Clear();
        staging.Write(number, offset, block);
    }

    private void AddSpill(SendRecord record)
    {
        (ulong number, ulong length, int compression, ulong compressed) = (record.Object, record.U64(16), record.U8(33), record.U64(40));
        if (length > SendStreamReader.LargestBlock)
        {
            throw reader.Invalid($"has attributes of {length} bytes for object {number}");
        }
        var payload = reader.ReadPayload(compressed == 0 ? length : compressed);
        staging.AddSpill(number, compressed == 0 ? payload : Decompress(compression, number, length, payload));
    }

    private Span<byte> Decompress(int compression, ulong number, ulong length, ReadOnlySpan<byte> payload)
    {
        if (length > SendStreamReader.LargestBlock)
        {
            throw reader.Invalid($"has a block of {length} bytes, more than ZFS's largest");
        }
        var block = Block((int)length);
        try
        {
            return _decompression.Decompress(compression, payload, block)
                ? block
                : throw reader.Invalid($"is damaged: a compressed block of object {number} cannot be read");
        }
        catch (NotSupportedException e)
        {
            throw reader.Invalid($"holds blocks of a compression not known here, {e.Message} (zfs send -c); send it without -c");
        }
    }

    private Span<byte> Block(int length)
    {
        if (_block.Length < length)
        {
            Array.Resize(ref _block, length);
        }
        return _block.AsSpan(0, length);
    }
}
