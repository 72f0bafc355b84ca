using Microsoft.Win32.SafeHandles;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>
/// A file without a name that takes bytes at its end and gives them back by place: tables and attributes of a stream wait
/// here until all of it has come, so that memory does not grow with them.
/// </summary>
internal sealed class ScratchFile(SafeFileHandle file) : IDisposable
{
    private readonly byte[] _tail = new byte[1 << 18];
    private long _written;
    private int _pending;

    public ScratchRange Append(ReadOnlySpan<byte> bytes)
    {
        var range = new ScratchRange(_written + _pending, bytes.Length);
        if (bytes.Length > _tail.Length - _pending)
        {
            Flush();
        }
        if (bytes.Length > _tail.Length)
        {
            RandomAccess.Write(file, bytes, _written);
            _written += bytes.Length;
        }
        else
        {
            bytes.CopyTo(_tail.AsSpan(_pending));
            _pending += bytes.Length;
        }
        return range;
    }

    public byte[] Read(ScratchRange range)
    {
        if (range.At + range.Length > _written)
        {
            Flush();
        }
        byte[] bytes = new byte[range.Length];
        for (int got = 0; got < bytes.Length;)
        {
            int part = RandomAccess.Read(file, bytes.AsSpan(got), range.At + got);
            got += part > 0 ? part : throw new EndOfStreamException("the scratch file is shorter than what was written to it");
        }
        return bytes;
    }

    public void Dispose() => file.Dispose();

    private void Flush()
    {
        RandomAccess.Write(file, _tail.AsSpan(0, _pending), _written);
        _written += _pending;
        _pending = 0;
    }
}
