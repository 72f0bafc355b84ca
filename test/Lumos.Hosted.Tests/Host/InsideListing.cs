using Lumos.Drivers.Tools;
using Lumos.Linux.Mounts;

namespace Lumos.Hosted.Tests.Host;

/// <summary>What VMs could leave behind inside a hosted global zone: mounts, datasets, records, rules, descriptors of daemons.</summary>
internal static class InsideListing
{
    /// <summary>Folders whose entries come and go with VMs. Not the locks: a lock file stays by design.</summary>
    private static readonly string[] Folders =
    [
        "/zones", "/etc/zones", "/run/lumos/zones", "/run/lumos/zone-states", "/run/lumos/zone-exits", "/run/crun", "/run/runc", "/run/lumos/network",
        "/run/lumos/pool/lumos/live", "/run/lumos/pool/lumos/work", "/run/lumos/pool/lumos/records", "/run/lumos/pool/lumos/snapshots", "/var/imgadm/images",
    ];

    internal static IEnumerable<string> Of(HostedRoot root, bool descriptors)
    {
        int supervisor = root.Supervisor;
        string view = $"/proc/{supervisor}/root";
        return MountTable.Read($"/proc/{supervisor}/mountinfo").Select(m => $"mount inside {m.Target}")
            .Concat(Folders.Where(f => Directory.Exists(view + f)).SelectMany(f => Directory.EnumerateFileSystemEntries(view + f)).Select(e => "inside " + e[view.Length..]))
            .Concat(Directory.EnumerateFiles(view + "/run/lumos/dnsmasq", "*", SearchOption.AllDirectories).Select(f => "inside " + f[view.Length..]))
            .Concat(Tool.Run("nft", "list", "table", "inet", $"lumos_{root.Name}").OrThrow().Output.Split('\n').Select(l => "rule " + l.Trim()))
            .Concat(descriptors ? Descriptors(supervisor, "supervisor").Concat(Daemons(view)) : []);
    }

    private static IEnumerable<string> Daemons(string view)
    {
        foreach (string group in new[] { "startd", "svc/system-smartdc-vminfod:default", "svc/system-smartdc-vmadmd:default", "svc/network-dhcp-server:default" })
        {
            string file = $"{view}/sys/fs/cgroup/{group}/cgroup.procs";
            foreach (string pid in File.Exists(file) ? File.ReadAllLines(file) : [])
            {
                foreach (string descriptor in Descriptors(int.Parse(pid, System.Globalization.CultureInfo.InvariantCulture), group))
                {
                    yield return descriptor;
                }
            }
        }
    }

    /// <summary>By kind: numbers of sockets and pipes say nothing.</summary>
    private static List<string> Descriptors(int pid, string who)
    {
        var kinds = new List<string>();
        foreach (string descriptor in Directory.EnumerateFiles($"/proc/{pid}/fd"))
        {
            // The runtime opens these when it first needs them, and keeps them: a copy of the console's stream, too, which is a daemon's log.
            if (new FileInfo(descriptor).LinkTarget is { } target and not ("/dev/urandom" or "anon_inode:[eventpoll]") && !target.StartsWith("/var/svc/log/", StringComparison.Ordinal))
            {
                kinds.Add($"descriptor of {who}: {(target.StartsWith("anon_inode", StringComparison.Ordinal) ? target : target.Split(":[")[0])}");
            }
        }
        return kinds;
    }
}
