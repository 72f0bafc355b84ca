using Lumos.Drivers.Oci;

namespace Lumos.Zones.Bundle;

/// <summary>What a bundle has to know of the machine; the rest is in the specification.</summary>
/// <param name="Root">The zone's root, already shown with the zone's ids.</param>
/// <param name="PlatformUsr">The platform's /usr, already shown with the zone's ids.</param>
/// <param name="ZoneNameFile">A file that holds the zone's name, shown inside for <c>zonename</c>.</param>
/// <param name="ControlFolder">The folder of the metadata agent's socket, shown inside as .zonecontrol.</param>
/// <param name="NativeFolder">What is at /native in a zone that brings its own /usr; the platform's is mounted in it.</param>
/// <param name="UserNamespace">Where the zone's user namespace is pinned.</param>
/// <param name="CgroupParent">The cgroup above the zone's.</param>
/// <param name="Runtime">Who reads the bundle.</param>
/// <param name="Controllers">The controllers of cgroup version 2 on this machine.</param>
public sealed record BundlePlaces(
    string Root, string PlatformUsr, string ZoneNameFile, string ControlFolder, string NativeFolder, string UserNamespace, string CgroupParent,
    OciRuntime Runtime, IReadOnlySet<string> Controllers)
{
    /// <summary>Files shown over files of /proc that tell of the kernel: destination and source.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> KernelFiles { get; init; } = [];

    /// <summary>The most open files that may be granted here.</summary>
    public ulong MostOpenFiles { get; init; } = ulong.MaxValue;

    /// <summary>The most locked memory that may be granted here, in bytes.</summary>
    public ulong MostLocked { get; init; } = ulong.MaxValue;

    /// <summary>
    /// Whether the runtime may load the filter of devices, for which it wants locked memory without limit. Elsewhere
    /// two fences remain: a user namespace makes no device nodes, and none on the zone's file systems can be opened.
    /// </summary>
    public bool CanFilterDevices => MostLocked == ulong.MaxValue || !Runtime.UnifiedCgroups;

    /// <summary>What a machine has whose cgroups are all version 2.</summary>
    public static IReadOnlySet<string> AllControllers { get; } = new HashSet<string> { "cpu", "cpuset", "io", "memory", "pids" };
}
