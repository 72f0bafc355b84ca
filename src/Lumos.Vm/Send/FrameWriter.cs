using System.Buffers.Binary;

namespace Lumos.Vm.Send;

/// <summary>Writes a VM as frames (<see cref="VmStream"/>).</summary>
internal sealed class FrameWriter
{
    private const int HeadLength = 5;

    private readonly Stream _output;
    private readonly FrameDigest _digest = new();
    private long _frames;

    internal FrameWriter(Stream output)
    {
        _output = output;
        _output.Write(VmStream.Preamble());
    }

    /// <summary>Bytes of datasets so far.</summary>
    internal long Bytes { get; private set; }

    internal void Header(byte[] json) => Write(FrameKind.Header, json);

    internal void Begin(int number)
    {
        byte[] payload = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(payload, (uint)number);
        Write(FrameKind.Begin, payload);
    }

    internal void Data(ReadOnlySpan<byte> piece)
    {
        Write(FrameKind.Data, piece);
        Bytes += piece.Length;
    }

    internal void End(long bytes)
    {
        byte[] payload = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(payload, bytes);
        Write(FrameKind.End, payload);
    }

    internal void Trailer()
    {
        byte[] payload = new byte[2 * sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(payload, _frames);
        BinaryPrimitives.WriteInt64LittleEndian(payload.AsSpan(sizeof(long)), Bytes);
        Write(FrameKind.Trailer, payload);
        _output.Flush();
    }

    private void Write(FrameKind kind, ReadOnlySpan<byte> payload)
    {
        Span<byte> head = stackalloc byte[HeadLength];
        head[0] = (byte)kind;
        BinaryPrimitives.WriteUInt32LittleEndian(head[1..], (uint)payload.Length);
        _output.Write(head);
        _output.Write(payload);
        _output.Write(_digest.Next(head, payload));
        _frames++;
    }
}
