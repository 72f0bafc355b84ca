using Lumos.Linux.Mounts;
using Lumos.Zones.Bundle;

namespace Lumos.Zones.Runtime;

/// <summary>
/// What a zone sees of the platform beside its /usr: a folder in which the metadata agent keeps the zone's socket, and, for a
/// zone that brings its own /usr, the tree at /native.
/// </summary>
/// <remarks>
/// Both are folders of ours in the zone's run folder, owned by the global zone's root, whom no id of the zone maps to: nobody
/// inside can make an entry there, even where a mount is writable. The zone is given them read-only, as whole folders, so
/// that a socket which is made anew by the next agent is seen by a zone that has been up all the time.
/// </remarks>
internal static class ZoneControl
{
    private const UnixFileMode Open = (UnixFileMode)0b111_101_101;

    /// <summary>Made first of all: an agent that watches for new zones has its socket there before the zone's init runs.</summary>
    internal static void MakeFolder(string folder) => Make(folder);

    /// <summary>Shows the folder a second time, read-only for good: what a zone does with its own mounts cannot change that.</summary>
    internal static string Show(string folder, string view)
    {
        Directory.CreateDirectory(view);
        using var tree = Mount.CloneTree(folder);
        Mount.SetAttributes(tree, MountAttributes.ReadOnly | MountAttributes.NoSuid | MountAttributes.NoDev | MountAttributes.NoExec);
        Mount.Attach(tree, view);
        return view;
    }

    /// <summary>
    /// /native, laid out as in SmartOS: usr/bin and usr/sbin as well as bin and sbin. Its sbin holds those commands that mean
    /// something under another distribution's C library.
    /// </summary>
    internal static void MakeNative(string folder)
    {
        Make(folder);
        Make(Path.Combine(folder, ".zonecontrol"));
        Make(Path.Combine(folder, ZoneMounts.PlatformEntry));
        foreach (string entry in (string[])["bin", "lib", "lib64", "share"])
        {
            File.CreateSymbolicLink(Path.Combine(folder, entry), $"{ZoneMounts.PlatformEntry}/{entry}");
        }
        File.CreateSymbolicLink(Path.Combine(folder, "sbin"), ZoneMounts.PlatformEntry + "/lib/lumos/native");
        File.CreateSymbolicLink(Path.Combine(folder, "usr"), ".");
    }

    private static void Make(string folder)
    {
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, Open);
    }
}
