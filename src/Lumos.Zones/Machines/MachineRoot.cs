using Lumos.Zones.Bundle;

namespace Lumos.Zones.Machines;

/// <summary>The root of a machine's zone, in which QEMU lives: names of what is mounted, and nothing else.</summary>
public static class MachineRoot
{
    private const UnixFileMode Open = (UnixFileMode)0b111_101_101;

    /// <summary>Makes it, in a fresh dataset.</summary>
    public static void Make(string root)
    {
        Directory.CreateDirectory(root, Open);
        foreach (string folder in MachineMounts.Folders)
        {
            Directory.CreateDirectory(Path.Combine(root, folder), Open);
        }
        foreach (string link in MachineMounts.Links)
        {
            File.CreateSymbolicLink(Path.Combine(root, link), "usr/" + link);
        }
    }
}
