namespace Lumos.Hosted.Model;

/// <summary>What is in a folder of the host: a name, and the target if it is a link.</summary>
public sealed record HostEntry(string Name, string? LinkTarget, bool IsFolder);

/// <summary>What the plan is made from.</summary>
public sealed record HostView
{
    /// <summary>The entries of /, /etc, /var, /run and /opt, by path.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<HostEntry>> Folders { get; init; }

    /// <summary>Our files, laid out as on the image (usr/lib/lumos, usr/lib/svc …).</summary>
    public required string Platform { get; init; }

    /// <summary>The directory of the cgroup2 hierarchy that is ours.</summary>
    public required string Cgroup { get; init; }

    /// <summary>Directories of version 1 controllers that are ours, by controller.</summary>
    public IReadOnlyDictionary<string, string> OldCgroups { get; init; } = new Dictionary<string, string>();

    /// <summary>What the host has mounted below /sys, apart from cgroups.</summary>
    public IReadOnlyList<string> SysMounts { get; init; } = [];
}

/// <summary>
/// The root of a hosted global zone: the host's tree with ours in its places (docs/decisions/0007). Pure, so that the whole of
/// it can be read in a test. /etc, /var, /run and /opt are folders of links to the host's entries, so that what the host
/// changes is seen at once, and so that a file named on a command line is the file that the user means.
/// </summary>
public static class RootPlan
{
    private static readonly string[] LinkFolders = ["/etc", "/opt", "/run", "/var"];

    private const string Manifests = "/usr/lib/svc/manifest";

    /// <summary>Names that are ours, whatever the host has there.</summary>
    private static readonly HashSet<string> Ours =
    [
        "/.host", "/proc", "/sys", "/usr", "/usbkey", "/zones", "/system",
        "/run/lumos", "/run/svc", "/run/crun", "/run/runc", "/run/vminfod.sock", "/run/lock", "/etc/version",
        .. HostedPaths.Bound,
    ];

    public static IReadOnlyList<RootStep> Of(HostedPaths paths, HostView host)
    {
        var steps = new List<RootStep> { new RootStep.Bind(HostedPaths.HostView, "/") };
        foreach (var entry in host.Folders["/"].OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            string path = "/" + entry.Name;
            if (!Ours.Contains(path) && !LinkFolders.Contains(path))
            {
                steps.Add(entry.LinkTarget is { } target ? new RootStep.Link(path, target)
                    : entry.IsFolder ? new RootStep.Bind(path, path)
                    : new RootStep.Link(path, HostedPaths.HostView + path));
            }
        }
        steps.Add(new RootStep.Bind("/proc", "/proc"));
        steps.Add(new RootStep.KernelFileSystem("/sys", "sysfs"));
        steps.AddRange(host.SysMounts.Select(mount => new RootStep.Bind(mount, mount)));
        steps.Add(new RootStep.Bind("/sys/fs/cgroup", host.Cgroup));
        steps.Add(new RootStep.Layers("/usr", [HostedPaths.HostView + host.Platform + "/usr", HostedPaths.HostView + "/usr"]));
        // Services are ours alone: a host with SMF of its own (the live image) has others.
        steps.Add(new RootStep.Cover(Manifests, HostedPaths.HostView + host.Platform + Manifests));
        foreach (string folder in LinkFolders)
        {
            steps.Add(new RootStep.Folder(folder));
            var entries = host.Folders.TryGetValue(folder, out var found) ? found : [];
            steps.AddRange(entries.Where(e => !Ours.Contains($"{folder}/{e.Name}"))
                .OrderBy(e => e.Name, StringComparer.Ordinal)
                .Select(e => new RootStep.Link($"{folder}/{e.Name}", $"{HostedPaths.HostView}{folder}/{e.Name}")));
        }
        steps.AddRange(HostedPaths.Bound.Select(folder => new RootStep.Bind(folder, paths.Prefix + folder)));
        steps.AddRange(new[] { "/zones", "/run/svc", "/run/lock", "/run/lumos", "/run/lumos/locks", "/run/lumos/pool" }
            .Select(folder => new RootStep.Folder(folder)));
        steps.Add(new RootStep.Link("/etc/version", $"{HostedPaths.HostView}{host.Platform}/etc/version"));
        steps.AddRange(host.OldCgroups.OrderBy(c => c.Key, StringComparer.Ordinal)
            .Select(c => new RootStep.Bind($"/run/lumos/cgroup1/{c.Key}", c.Value)));
        steps.Add(new RootStep.Text(HostedPaths.InsideMark, paths.Prefix + "\n"));
        return steps;
    }
}
