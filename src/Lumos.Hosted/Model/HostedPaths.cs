namespace Lumos.Hosted.Model;

/// <summary>
/// Where a hosted global zone keeps things, as the host sees them. All state is below <see cref="Prefix"/>; below
/// <see cref="Run"/> is what ends with it.
/// </summary>
/// <param name="Prefix">An absolute path.</param>
/// <param name="Name">Tells the roots of one host apart; it begins the names of links, cgroups and nftables tables.</param>
public sealed record HostedPaths(string Prefix, string Name)
{
    public const string DefaultPrefix = "/var/lib/lumos", AllRuns = "/run/lumos/hosts";

    /// <summary>Where a btrfs pool as a whole is mounted inside; its datasets are mounted at their own places.</summary>
    public const string PoolRoot = "/run/lumos/pool";

    /// <summary>In a process's environment: the prefix of the global zone that its commands are about.</summary>
    public const string PrefixVariable = "LUMOS_ROOT";

    /// <summary>Seen only from inside; holds the prefix.</summary>
    public const string InsideMark = "/run/lumos/hosted";

    /// <summary>Where the host's whole tree is seen from inside.</summary>
    public const string HostView = "/.host";

    /// <summary>Below the prefix: the copy of our files that runs.</summary>
    public const string PlatformFolder = "/platform";

    public string Run => $"{AllRuns}/{Name}";

    /// <summary>The mount namespace, pinned.</summary>
    public string Namespace => $"{Run}/mnt";

    /// <summary>Where the new root is put together, in the namespace alone.</summary>
    public string Staging => $"{Run}/root";

    /// <summary>Says whose the name is.</summary>
    public string OwnerFile => $"{Run}/prefix";

    /// <summary>Notes where its cgroups are.</summary>
    public string CgroupNote => $"{Run}/cgroups";

    public string Log => $"{Prefix}/var/log/lumos-host.log";

    public string PoolImage => $"{Prefix}/pool.img";

    public static string ConfigFileOf(string prefix) => $"{prefix}/usbkey/hosted.json";

    /// <summary>The folders of ours that are bound over the host's, below the prefix under the same names.</summary>
    public static IReadOnlyList<string> Bound { get; } =
        ["/usbkey", "/etc/zones", "/etc/svc", "/var/imgadm", "/var/svc", "/var/log", "/var/db", "/opt/custom"];
}
