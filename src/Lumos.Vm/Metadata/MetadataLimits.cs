namespace Lumos.Vm.Metadata;

/// <summary>
/// What a zone may ask of the metadata agent. Each limit is one zone's: whoever goes beyond it waits or loses a connection, and
/// no other zone notices.
/// </summary>
public static class MetadataLimits
{
    /// <summary>Characters of a key's name.</summary>
    public const int LongestKey = 1024;

    /// <summary>Bytes of one value that a guest writes.</summary>
    public const int LargestValue = 1 << 20;

    /// <summary>Bytes of all names and values of customer_metadata, beyond which a guest can only make it smaller.</summary>
    public const int LargestMetadata = 8 << 20;

    /// <summary>Bytes of a line: the largest value, in base64 twice over, fits.</summary>
    public const int LongestLine = 2 << 20;

    /// <summary>Connections at a time; the one that has been silent for longest makes room for the next.</summary>
    public const int Connections = 16;

    /// <summary>Bytes of lines that are not whole yet, of all connections; the one that goes beyond it is closed.</summary>
    public const int PendingInput = 4 << 20;

    /// <summary>Bytes of answers that wait for slow readers; until they are read, nothing more is looked up.</summary>
    public const int PendingOutput = 4 << 20;

    /// <summary>A request, an acceptance, <see cref="BytesPerToken"/> read: a token each. So many come back in a second.</summary>
    public const int TokensPerSecond = 500;

    public const int MostTokens = 1000;

    public const int BytesPerToken = 16 << 10;

    /// <summary>What a change costs: it reaches the disk.</summary>
    public const int TokensOfChange = 10;

    /// <summary>How long a change waits for whoever else changes the VM.</summary>
    public static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);

    /// <summary>How long a line may take from its first byte to its last, and a reader to take something of what is for it.</summary>
    public static readonly TimeSpan Stalled = TimeSpan.FromSeconds(60);

    /// <summary>How long a connection may stay without a request.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(15);
}
