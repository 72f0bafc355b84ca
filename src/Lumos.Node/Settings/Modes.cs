namespace Lumos.Node.Settings;

/// <summary>Permission bits of the files written here.</summary>
internal static class Modes
{
    /// <summary>0644.</summary>
    internal const int ReadableByAll = 0x1a4;

    /// <summary>0600.</summary>
    internal const int ReadableByRoot = 0x180;
}
