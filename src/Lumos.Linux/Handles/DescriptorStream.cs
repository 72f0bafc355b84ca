namespace Lumos.Linux.Handles;

/// <summary>
/// Writes to a descriptor by write(2), nothing else. FileStream keeps a position of its own and would write over what a child
/// added to a file that both have as standard output; Console's streams send terminal sequences first.
/// </summary>
public sealed class DescriptorStream(FileDescriptor fd) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => fd.WriteAll(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer) => fd.WriteAll(buffer);

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
