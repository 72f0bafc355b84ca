using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Linux.Mounts;
using Lumos.Zones.Bundle;

namespace Lumos.Zones.Runtime;

/// <summary>The file systems of a zone's configuration: their sources shown with the zone's ids, their targets made in its root.</summary>
internal static class ZoneFileSystems
{
    /// <summary>
    /// Shows each source below the run folder and returns the mounts with these in place. A source must be reached without a symbolic
    /// link: part of its path may be another zone's, whose root could have it lead anywhere.
    /// </summary>
    /// <exception cref="LumosException">ZoneCannotBoot</exception>
    internal static ImmutableArray<ZoneMount> Show(ZoneSpec spec, string run, FileDescriptor userNamespace)
    {
        var mounts = spec.Mounts.ToBuilder();
        for (int i = 0; i < mounts.Count; i++)
        {
            if (mounts[i].Type != MountOptions.Lofs)
            {
                continue;
            }
            string view = Path.Combine(run, $"lofs{i}");
            try
            {
                using var source = StraightPath.Open(mounts[i].Source);
                IdMappedViews.Show(source, mounts[i].Source, view, userNamespace, MountAttributes.NoDev, view + ".layers");
            }
            catch (ErrnoException e)
            {
                throw new LumosException("ZoneCannotBoot",
                    $"zone '{spec.Name}': {mounts[i].Source} cannot be mounted at {mounts[i].Target}{(e.Errno == Errno.ELOOP ? ": its path goes through a symbolic link" : "")}", inner: e);
            }
            mounts[i] = mounts[i] with { Source = view };
        }
        return mounts.ToImmutable();
    }

    /// <summary>Makes the targets that the zone's root does not have.</summary>
    /// <exception cref="LumosException">ZoneCannotBoot</exception>
    internal static void MakeTargets(ZoneSpec spec, RootedDirectory root)
    {
        foreach (var mount in spec.Mounts)
        {
            try
            {
                bool isFile = mount.Type == MountOptions.Lofs && File.Exists(mount.Source);
                string folder = isFile ? Path.GetDirectoryName(mount.Target)! : mount.Target;
                root.MakeDirectories(folder);
                root.Resolve(folder, OpenFlags.PathOnly | OpenFlags.Directory).Dispose();
                if (isFile && !root.Exists(mount.Target))
                {
                    root.Write(mount.Target, "");
                }
            }
            catch (ErrnoException e)
            {
                throw new LumosException("ZoneCannotBoot", $"zone '{spec.Name}': {mount.Target} cannot be made in it, to mount {mount.Source} there", inner: e);
            }
        }
    }
}
