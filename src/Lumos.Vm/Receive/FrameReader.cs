using System.Buffers.Binary;
using Lumos.Vm.Send;

namespace Lumos.Vm.Receive;

/// <summary>Reads frames (<see cref="VmStream"/>); what it returns has been compared with its digest.</summary>
internal sealed class FrameReader
{
    private const int HeadLength = 5;

    private readonly Stream _input;
    private readonly FrameDigest _digest = new();
    private readonly byte[] _digestRead = new byte[VmStream.DigestLength];
    private byte[] _payload = new byte[VmStream.LongestFrame];
    private long _frames, _bytes;

    /// <exception cref="FormatException">It begins otherwise than a VM, or in a form that a later vmadm writes.</exception>
    internal FrameReader(Stream input)
    {
        _input = input;
        byte[] first = new byte[VmStream.PreambleLength];
        int got = _input.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
        if (got == 0)
        {
            throw new EndOfStreamException();
        }
        if (got < first.Length || !first.AsSpan().StartsWith(VmStream.Magic))
        {
            throw new FormatException("it is not what vmadm send writes");
        }
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(first.AsSpan(VmStream.Magic.Length));
        if (version != VmStream.Version)
        {
            throw new FormatException($"it is of format version {version}, and this vmadm reads version {VmStream.Version}");
        }
    }

    internal StreamHeader Header() => StreamHeader.Parse(Expect(FrameKind.Header).Span);

    /// <summary>A stream begins, which has to be this one.</summary>
    internal void Begin(int number)
    {
        var payload = Expect(FrameKind.Begin);
        if (payload.Length != sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(payload.Span) != number)
        {
            throw new FormatException("its streams come in another order than its header says");
        }
    }

    /// <summary>The next piece of a stream; null: it is all there. Good until the next call.</summary>
    internal ReadOnlyMemory<byte>? Data(long before)
    {
        var (kind, payload) = Next();
        switch (kind)
        {
            case FrameKind.Data:
                _bytes += payload.Length;
                return payload;
            case FrameKind.End when payload.Length == sizeof(long) && BinaryPrimitives.ReadInt64LittleEndian(payload.Span) == before:
                return null;
            case FrameKind.End:
                throw new FormatException("a stream in it is shorter than it says");
            default:
                throw Unexpected(kind);
        }
    }

    /// <summary>The trailer, and nothing behind it.</summary>
    internal void Trailer()
    {
        long frames = _frames;
        var payload = Expect(FrameKind.Trailer);
        if (payload.Length != 2 * sizeof(long) || BinaryPrimitives.ReadInt64LittleEndian(payload.Span) != frames
            || BinaryPrimitives.ReadInt64LittleEndian(payload.Span[sizeof(long)..]) != _bytes)
        {
            throw new FormatException("it is shorter than its trailer says");
        }
        if (_input.ReadByte() >= 0)
        {
            throw new FormatException("something follows its trailer");
        }
    }

    private ReadOnlyMemory<byte> Expect(FrameKind wanted)
    {
        var (kind, payload) = Next();
        return kind == wanted ? payload : throw Unexpected(kind);
    }

    private static FormatException Unexpected(FrameKind kind) => new($"a frame of kind {(byte)kind} is where none may be");

    private (FrameKind Kind, ReadOnlyMemory<byte> Payload) Next()
    {
        Span<byte> head = stackalloc byte[HeadLength];
        _input.ReadExactly(head);
        var kind = (FrameKind)head[0];
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(head[1..]);
        if (length > (kind == FrameKind.Header ? VmStream.LongestHeader : VmStream.LongestFrame))
        {
            throw new FormatException("it is damaged");
        }
        if (length > _payload.Length)
        {
            _payload = new byte[length];
        }
        var payload = _payload.AsMemory(0, (int)length);
        _input.ReadExactly(payload.Span);
        _input.ReadExactly(_digestRead);
        if (!_digest.Next(head, payload.Span).SequenceEqual(_digestRead))
        {
            throw new FormatException("it is damaged");
        }
        _frames++;
        return (kind, payload);
    }
}
