using Lumos.Core;

namespace Lumos.Linux.Handles;

/// <summary>
/// Writes to a descriptor by write(2), nothing else. FileStream keeps a position of its own and would write over what a child
/// added to a file that both have as standard output; Console's streams send terminal sequences first.
/// </summary>
public sealed class DescriptorStream(FileDescriptor fd) : WriteOnlyStream
{
    public override void Write(ReadOnlySpan<byte> buffer) => fd.WriteAll(buffer);
}
