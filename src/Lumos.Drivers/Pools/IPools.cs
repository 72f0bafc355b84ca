namespace Lumos.Drivers.Pools;

/// <summary>
/// The pools of the machine: imported, made, taken away. <see cref="Zpool"/> is the real one; what lies within a pool is
/// <see cref="Datasets.IDatasets"/>'. Calls block.
/// </summary>
public interface IPools
{
    /// <summary>The imported pools.</summary>
    IReadOnlyList<PoolFacts> List();

    /// <summary>
    /// Imports pools without mounting anything: all that can be seen, or those named. What an import leaves behind is told,
    /// not thrown: one broken pool does not keep the others away.
    /// </summary>
    /// <param name="only">Names; null: all that can be seen.</param>
    /// <returns>A sentence for each pool that stayed away, naming it.</returns>
    IReadOnlyList<string> Import(IReadOnlyList<string>? only);

    /// <summary>Makes a pool over whole devices and mounts its first file system.</summary>
    /// <exception cref="Tools.ToolException">zpool refused (a device is in use, too small …); nothing was written then.</exception>
    void Create(PoolToCreate pool);

    /// <summary>Takes the pool and all it holds away for good, and its labels off the devices.</summary>
    void Destroy(string name);

    /// <summary>Sets the pool's comment: at most 32 printable characters, kept in the pool and in every device's label.</summary>
    void SetComment(string name, string comment);

    /// <summary>Lets go of the pool, so that its disks may be taken to another machine.</summary>
    void Export(string name);

    /// <summary>The devices a pool stands on.</summary>
    PoolDevices Devices(string name);
}

/// <summary>An imported pool. Sizes in bytes; health is ONLINE, DEGRADED, FAULTED, UNAVAIL, SUSPENDED …; "-" is no comment.</summary>
public sealed record PoolFacts(string Name, long Size, long Free, string Health, string Guid, string Comment);

/// <summary>What <see cref="IPools.Create"/> is to make.</summary>
public sealed record PoolToCreate
{
    public required string Name { get; init; }

    /// <summary>zpool's vdev words with full device paths: <c>raidz /dev/vda /dev/vdb … spare …</c>.</summary>
    public required IReadOnlyList<string> Vdevs { get; init; }

    /// <summary>The comment, set in the very transaction that makes the pool; "" for none.</summary>
    public string Comment { get; init; } = "";

    /// <summary>Properties of the pool's first file system.</summary>
    public IReadOnlyDictionary<string, string> FileSystemProperties { get; init; } = new Dictionary<string, string>();

    /// <summary>Take devices that seem to hold something else.</summary>
    public bool Force { get; init; }
}

/// <summary>
/// A pool's devices, spares, logs and caches among them, by path (/dev/vda1). <see cref="Profile"/> is the first vdev's kind:
/// striped, mirror, raidz1, raidz2, raidz3 or draid.
/// </summary>
public sealed record PoolDevices(string Profile, IReadOnlyList<string> Paths);
