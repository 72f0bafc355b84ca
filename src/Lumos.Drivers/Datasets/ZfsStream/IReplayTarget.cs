namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>What the records of a stream act upon: the objects of a file system (<see cref="Staging"/>), or a volume's (<see cref="VolumeTarget"/>).</summary>
internal interface IReplayTarget
{
    void AddObject(ulong number, byte type, byte bonusType, int blockSize, ReadOnlySpan<byte> bonus);

    void FreeObjects(ulong first, ulong count);

    void AddSpill(ulong number, ReadOnlySpan<byte> content);

    void Write(ulong number, ulong offset, ReadOnlySpan<byte> content);

    void Free(ulong number, ulong offset, ulong length);
}
