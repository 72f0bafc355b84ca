using Lumos.Core;

namespace Lumos.Images.Files;

/// <summary>A stream whose first bytes have been looked at: gives them again, then the rest.</summary>
internal sealed class HeadedStream(byte[] head, Stream rest) : ReadOnlyStream
{
    private int _given;

    public override int Read(Span<byte> buffer)
    {
        if (_given == head.Length)
        {
            return rest.Read(buffer);
        }
        int count = Math.Min(buffer.Length, head.Length - _given);
        head.AsSpan(_given, count).CopyTo(buffer);
        _given += count;
        return count;
    }
}
