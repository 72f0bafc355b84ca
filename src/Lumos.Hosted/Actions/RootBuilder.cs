using Lumos.Hosted.Model;
using Lumos.Linux.Handles;
using Lumos.Linux.Mounts;

namespace Lumos.Hosted.Actions;

/// <summary>Carries a <see cref="RootPlan"/> out in the calling thread's mount namespace, which must be its own.</summary>
internal static class RootBuilder
{
    /// <summary>What the host's folders hold, and what it has mounted below /sys.</summary>
    internal static HostView Observe(string platform, HostCgroups cgroups) => new()
    {
        Platform = platform,
        Cgroup = cgroups.Unified,
        OldCgroups = cgroups.Old,
        Folders = new[] { "/", "/etc", "/var", "/run", "/opt" }.Where(Directory.Exists).ToDictionary(
            folder => folder,
            folder => (IReadOnlyList<HostEntry>)[.. new DirectoryInfo(folder).EnumerateFileSystemInfos()
                .Select(e => new HostEntry(e.Name, e.LinkTarget, e is DirectoryInfo))]),
        SysMounts = [.. MountTable.Read().Select(m => m.Target)
            .Where(t => t.StartsWith("/sys/", StringComparison.Ordinal) && !t.StartsWith("/sys/fs/cgroup", StringComparison.Ordinal))
            .Distinct(StringComparer.Ordinal)],
    };

    /// <summary>Builds the root at <paramref name="staging"/> and makes it the root.</summary>
    internal static void Build(IReadOnlyList<RootStep> plan, string staging)
    {
        Mount.MakeSlave();
        // Copied before anything of ours is mounted: the view of the host is to hold the host alone.
        var trees = new Dictionary<RootStep, FileDescriptor>();
        try
        {
            foreach (var bind in plan.OfType<RootStep.Bind>())
            {
                trees[bind] = Mount.CloneTree(bind.Source, recursive: true);
            }
            Mount.At("tmpfs", staging, "tmpfs", MountFlags.NoDev | MountFlags.NoSuid, "mode=755,size=64m");
            foreach (var step in plan)
            {
                Carry(step, staging + step.Path, trees);
            }
        }
        finally
        {
            foreach (var tree in trees.Values)
            {
                tree.Dispose();
            }
        }
        Mount.PivotRoot(staging);
        foreach (var layers in plan.OfType<RootStep.Layers>())
        {
            Mount.At("overlay", layers.Path, "overlay", MountFlags.ReadOnly, "lowerdir=" + string.Join(':', layers.Sources));
        }
        foreach (var cover in plan.OfType<RootStep.Cover>())
        {
            Mount.Bind(cover.Source, cover.Path);
        }
    }

    private static void Carry(RootStep step, string at, Dictionary<RootStep, FileDescriptor> trees)
    {
        if (step is RootStep.Cover)
        {
            return; // upon what is mounted last
        }
        Directory.CreateDirectory(step is RootStep.Text or RootStep.Link ? Path.GetDirectoryName(at)! : at);
        switch (step)
        {
            case RootStep.Text text:
                File.WriteAllText(at, text.Content);
                break;
            case RootStep.Link link:
                File.CreateSymbolicLink(at, link.Target);
                break;
            case RootStep.Bind:
                Mount.Attach(trees[step], at);
                break;
            case RootStep.KernelFileSystem kernel:
                Mount.At(kernel.Type, at, kernel.Type, MountFlags.NoSuid | MountFlags.NoDev | MountFlags.NoExec);
                break;
        }
    }
}
