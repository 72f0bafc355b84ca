using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Pools;

namespace Lumos.Node.FileSystems;

/// <summary>
/// Which imported pool is the system's: the one whose root holds the file .system_pool, written as the last step of setting
/// up; without any, a pool named "zones" that has zones/var and zones/usbkey (one that SmartOS made or somebody made by
/// hand). A pool of ours whose setting up was cut short bears the comment <see cref="Unfinished"/> and no marker; the comment
/// is written by the transaction that makes the pool, so there is no moment at which it is not known for ours.
/// </summary>
/// <param name="Name">The pool.</param>
/// <param name="Mountpoint">Where its first file system is mounted, /NAME.</param>
internal sealed record SystemPool(string Name, string Mountpoint)
{
    internal const string DefaultName = SystemPoolName.Usual;
    internal const string Marker = ".system_pool";
    internal const string Unfinished = "org.lumos:setup=unfinished";
    internal const string Finished = "LumOS system pool";

    /// <summary>The dataset of that name in the pool.</summary>
    internal DatasetName Dataset(string path) => DatasetName.Parse($"{Name}/{path}");

    /// <summary>Looks at every imported pool; mounts the first file system of those that may be the system's.</summary>
    internal static PoolsFound Find(IPools pools, IDatasets datasets, MountPaths paths)
    {
        var unfinished = new List<string>();
        var marked = new List<SystemPool>();
        SystemPool? byName = null;
        var all = pools.List();
        foreach (var (name, comment) in all.Select(p => (p.Name, p.Comment)))
        {
            var root = DatasetName.Parse(name);
            // A foreign pool may want to sit on / or /home; such a one is never mounted here.
            string? mountpoint = datasets.GetProperties(root, "mountpoint")["mountpoint"];
            if (mountpoint != "/" + name)
            {
                continue;
            }
            datasets.Mount(root);
            var pool = new SystemPool(name, mountpoint);
            if (File.Exists(Path.Combine(paths.Root, name, Marker)))
            {
                marked.Add(pool);
            }
            else if (comment == Unfinished)
            {
                unfinished.Add(name);
            }
            else if (name == DefaultName && datasets.Exists(pool.Dataset("var")) && datasets.Exists(pool.Dataset("usbkey")))
            {
                byName = pool;
            }
        }
        if (marked.Count > 1 && marked.All(p => p.Name != DefaultName))
        {
            throw new LumosException("ManySystemPools",
                $"several pools are marked as the system's ({string.Join(", ", marked.Select(p => p.Name))}); "
                + "boot with zpool=NAME to choose one");
        }
        var system = marked.Find(p => p.Name == DefaultName) ?? marked.FirstOrDefault() ?? byName;
        return new PoolsFound(system, unfinished, [.. all.Select(p => p.Name)]);
    }
}

/// <summary>What the look at the imported pools gave.</summary>
/// <param name="System">The system's pool, if there is one.</param>
/// <param name="Unfinished">Pools of ours whose setting up was cut short.</param>
/// <param name="All">Every imported pool.</param>
internal sealed record PoolsFound(SystemPool? System, IReadOnlyList<string> Unfinished, IReadOnlyList<string> All);
