using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Pools;
using Lumos.Drivers.Tools;
using Lumos.Node.Disks;
using Lumos.Node.FileSystems;
using Lumos.Node.Host;

namespace Lumos.Node.FirstBoot;

/// <summary>Looks at the machine for the first boot. Only reads.</summary>
internal static class HostObserver
{
    internal static HostFacts Observe(INodeHost host, IPools driver, PoolsFound pools)
    {
        // The disks of our own half-made pool are in use by it, and free once it is taken away.
        var ours = pools.Unfinished.SelectMany(p => driver.Devices(p).Paths).Select(DiskInventory.DiskOf).ToHashSet();
        var free = new List<Disk>();
        var busy = new List<string>();
        foreach (var disk in new DiskInventory().All().Where(d => !d.Removable))
        {
            if (!ours.Contains(disk.Name) && DiskInventory.WhyNotFree(disk.Name) is not null)
            {
                busy.Add(disk.Name);
            }
            else
            {
                free.Add(disk);
            }
        }
        return new HostFacts
        {
            Links = Links(),
            FreeDisks = free,
            BusyDisks = busy,
            ForeignDisks = free.Where(d => !ours.Contains(d.Name))
                .Select(d => (d.Name, Content: Content(d.Name)))
                .Where(d => d.Content is not null)
                .ToDictionary(d => d.Name, d => d.Content!),
            ForeignPools = [.. pools.All.Except(pools.Unfinished)],
            UnfinishedPools = pools.Unfinished,
            Memory = host.Memory,
            HardwareUuid = host.HardwareUuid,
        };
    }

    /// <summary>Physical Ethernet interfaces, in the kernel's order.</summary>
    private static List<HostLink> Links() =>
        Directory.EnumerateDirectories("/sys/class/net")
            .Where(path => Path.Exists(Path.Combine(path, "device")) && File.ReadAllText(Path.Combine(path, "type")).Trim() == "1")
            .Select(path => (Path: path, Index: int.Parse(File.ReadAllText(Path.Combine(path, "ifindex")), CultureInfo.InvariantCulture)))
            .OrderBy(p => p.Index)
            .Select(p => MacAddress.TryParse(File.ReadAllText(Path.Combine(p.Path, "address")).Trim(), out var mac)
                ? new HostLink(Path.GetFileName(p.Path), mac) : null)
            .OfType<HostLink>()
            .ToList();

    /// <summary>
    /// What the disk or a partition of it holds, by blkid's low-level probe; null: nothing. What is left of a pool that we
    /// began to make (a power cut between making, or taking away, and the labels) is nothing of anybody's.
    /// </summary>
    private static string? Content(string name)
    {
        foreach (string device in Partitions(name).Prepend(name))
        {
            // 0: found; 2: nothing; 8: several signatures at once, which is something too.
            var probe = Tool.Run("blkid", "-p", "-s", "TYPE", "-o", "value", $"/dev/{device}");
            string type = probe.Output.Trim();
            if ((probe.Status != 0 || type.Length == 0) && probe.Status != 8)
            {
                continue;
            }
            if (type == "zfs_member" && IsOurLeftover($"/dev/{device}"))
            {
                continue;
            }
            string what = type.Length == 0 ? "several file systems' signatures" : type;
            return device == name ? what : $"{what} on {device}";
        }
        return null;
    }

    /// <summary>Whether the device's pool label bears the comment of a pool of ours that was never finished.</summary>
    private static bool IsOurLeftover(string device)
    {
        var label = Tool.Run("zdb", "-l", device);
        return label.Succeeded && label.Output.Contains($"comment: '{SystemPool.Unfinished}'", StringComparison.Ordinal);
    }

    private static IEnumerable<string> Partitions(string name) =>
        Directory.EnumerateDirectories($"/sys/block/{name}")
            .Where(path => File.Exists(Path.Combine(path, "partition")))
            .Select(path => Path.GetFileName(path));
}
