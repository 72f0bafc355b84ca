namespace Lumos.Vm.Metadata.Protocol;

/// <summary>Bytes as they come, lines as they are complete. Holds what it was given and no more; looks at each byte once.</summary>
public sealed class LineBuffer
{
    private const int SmallestBuffer = 512;

    private byte[] _bytes = [];
    private int _start, _end, _searched;

    /// <summary>Bytes that are not taken yet.</summary>
    public int Length => _end - _start;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_end + bytes.Length > _bytes.Length)
        {
            byte[] target = Length + bytes.Length > _bytes.Length
                ? new byte[Math.Max(SmallestBuffer, Math.Max(Length + bytes.Length, _bytes.Length * 2))]
                : _bytes;
            _bytes.AsSpan(_start, Length).CopyTo(target);
            (_bytes, _end, _searched, _start) = (target, Length, _searched - _start, 0);
        }
        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    /// <summary>The next line without its line end; valid until the next <see cref="Append"/>.</summary>
    public bool TryTake(out ReadOnlySpan<byte> line)
    {
        int found = _bytes.AsSpan(_searched, _end - _searched).IndexOf((byte)'\n');
        if (found < 0)
        {
            _searched = _end;
            line = default;
            if (Length == 0)
            {
                // A connection that rests holds no memory.
                (_bytes, _start, _end, _searched) = ([], 0, 0, 0);
            }
            return false;
        }
        line = _bytes.AsSpan(_start, _searched + found - _start);
        _start = _searched = _searched + found + 1;
        return true;
    }
}
