using System.Text;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Zones.Bundle;

namespace Lumos.Zones.Docker;

/// <summary>
/// The volumes of a docker zone: directories whose data outlives the root.
/// </summary>
/// <remarks>
/// Purpose: an image says where its program keeps data (docker:volumes); a new version of the image, which is a fresh root, finds it there.
/// On disk: ZONEPATH/volumes/ENTRY beside root/, in the zone's own dataset: within its quota, part of its snapshots, rolled back and sent
/// with it, destroyed with it. ENTRY is the path in the zone, "/" written %2F. Only reprovision has to bring them over, by copying.
/// Life: made at the first boot that has the path in docker:volumes, with what the root has there, owner and mode of the directory
/// too; from then on shown in its place, and what the root has there does not matter any more. A path that is taken out of
/// docker:volumes is not shown and its data stays. A file system of the configuration with the same target goes before a volume.
/// Failure: a volume is copied as ZONEPATH/volumes/.new/tree, brought to the disk and renamed, so that there is a whole one or none; the
/// next boot removes what is left of a copy. A zone does not boot without one of its volumes: its data would go to the root, unseen.
/// Tests: DockerVolumesTests (host), HeldCopyTests, OciVmTests on btrfs.
/// </remarks>
public static class DockerVolumes
{
    /// <summary>Beside root/.</summary>
    private const string Folder = "volumes";

    // No entry of a volume begins with a dot.
    private const string Unfinished = ".new";

    private const int Private = 0x1c0; // 0700

    /// <summary>The name of a volume's directory.</summary>
    public static byte[] EntryOf(string path)
    {
        string name = path[1..].Replace("%", "%25", StringComparison.Ordinal).Replace("/", "%2F", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(name.StartsWith('.') ? "%2E" + name[1..] : name);
    }

    /// <summary>Makes the volumes that are missing, and returns the zone with all of them among its mounts, outer ones first.</summary>
    /// <exception cref="LumosException">ZoneCannotBoot</exception>
    internal static ZoneSpec Prepare(ZoneSpec spec)
    {
        string[] wanted = [.. (spec.Docker?.Volumes ?? []).Where(path => !spec.Mounts.Any(m => MountTarget.Plain(m.Target) == path))];
        if (wanted.Length == 0)
        {
            return spec;
        }
        using var zone = HeldDirectory.Open(spec.ZonePath);
        using var volumes = OpenFolder(spec, zone);
        RemoveUnfinished(volumes);
        foreach (string path in wanted)
        {
            try
            {
                Ensure(spec, volumes, path);
            }
            catch (ErrnoException e)
            {
                throw new LumosException("ZoneCannotBoot", $"zone '{spec.Name}': its volume {path} cannot be made in {spec.ZonePath}/{Folder}"
                    + (e.Errno is Errno.EDQUOT or Errno.ENOSPC ? ": there is no room for what the image has there (quota)" : ""), inner: e);
            }
        }
        var mounts = wanted.Select(path => new ZoneMount($"{spec.ZonePath}/{Folder}/{Encoding.UTF8.GetString(EntryOf(path))}", path, MountOptions.Lofs, []));
        return spec with { Mounts = [.. mounts.Concat(spec.Mounts).OrderBy(m => MountTarget.Plain(m.Target).Count(c => c == '/'))] };
    }

    /// <summary>Copies the volumes of a zone that is down to the place of its next root.</summary>
    /// <returns>False: it has none.</returns>
    /// <exception cref="ErrnoException">ENOSPC, EDQUOT and others.</exception>
    public static bool Bring(string zonePath, string newZonePath)
    {
        using HeldDirectory from = HeldDirectory.Open(zonePath), to = HeldDirectory.Open(newZonePath);
        byte[] folder = Encoding.UTF8.GetBytes(Folder);
        if (from.Status(folder) is not { Kind: FileKind.Directory })
        {
            return false;
        }
        using var volumes = from.OpenDirectory(folder);
        RemoveUnfinished(volumes);
        Remove(to, folder); // an image brings no volumes
        to.MakeDirectory(folder, Private);
        using var target = to.OpenDirectory(folder);
        foreach (byte[] entry in volumes.Names())
        {
            using var source = volumes.OpenDirectory(entry);
            Copy(source, target, entry);
        }
        return true;
    }

    private static HeldDirectory OpenFolder(ZoneSpec spec, HeldDirectory zone)
    {
        byte[] name = Encoding.UTF8.GetBytes(Folder);
        try
        {
            if (zone.Status(name) is null)
            {
                zone.MakeDirectory(name, Private);
            }
            return zone.OpenDirectory(name);
        }
        catch (ErrnoException e)
        {
            throw new LumosException("ZoneCannotBoot", $"zone '{spec.Name}': {spec.ZonePath}/{Folder}, where its volumes are, "
                + (e.Errno is Errno.ENOTDIR or Errno.ELOOP ? "is no directory: move it elsewhere" : "cannot be made"), inner: e);
        }
    }

    private static void Ensure(ZoneSpec spec, HeldDirectory volumes, string path)
    {
        byte[] entry = EntryOf(path);
        if (volumes.Status(entry) is { } there)
        {
            _ = there.Kind == FileKind.Directory ? 0 : throw new ErrnoException($"open {path}", Errno.ENOTDIR);
            return;
        }
        using var root = RootedDirectory.Open(spec.RootPath);
        HeldDirectory? source = null;
        try
        {
            source = HeldDirectory.Owning(root.Resolve(path, OpenFlags.ReadOnly | OpenFlags.Directory));
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENOENT)
        {
            // The root has nothing there: the volume begins empty.
        }
        using (source)
        {
            Copy(source, volumes, entry);
        }
    }

    private static void Copy(HeldDirectory? source, HeldDirectory volumes, byte[] entry)
    {
        byte[] unfinished = Encoding.UTF8.GetBytes(Unfinished);
        volumes.MakeDirectory(unfinished, Private);
        try
        {
            using var work = volumes.OpenDirectory(unfinished);
            work.MakeDirectory("tree"u8, Private);
            work.MakeDirectory("links"u8, Private);
            using (var tree = work.OpenDirectory("tree"u8))
            {
                if (source is null)
                {
                    tree.Handle.SetMode(0x1ed); // 0755, of root, as docker makes them
                }
                else
                {
                    using var links = work.OpenDirectory("links"u8);
                    new HeldCopy(links).Copy(source, tree);
                }
                tree.Handle.SyncFileSystem();
            }
            work.Move("tree"u8, volumes, entry);
            volumes.Handle.Sync();
        }
        finally
        {
            RemoveUnfinished(volumes);
        }
    }

    private static void RemoveUnfinished(HeldDirectory volumes) => Remove(volumes, Encoding.UTF8.GetBytes(Unfinished));

    private static void Remove(HeldDirectory folder, byte[] name)
    {
        switch (folder.Status(name)?.Kind)
        {
            case null:
                break;
            case FileKind.Directory:
                using (var directory = folder.OpenDirectory(name))
                {
                    directory.RemoveContent();
                }
                folder.RemoveDirectory(name);
                break;
            default:
                folder.Remove(name);
                break;
        }
    }
}
