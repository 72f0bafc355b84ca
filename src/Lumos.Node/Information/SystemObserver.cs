using System.Globalization;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Core.Configuration;
using Lumos.Core.Hosting;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Pools;
using Lumos.Linux;
using Lumos.Linux.Machine;
using Lumos.Node.Disks;
using Lumos.Node.FileSystems;
using Lumos.Node.Host;

namespace Lumos.Node.Information;

/// <summary>Looks at the machine for sysinfo. Works without a pool, without ZFS and without /usbkey.</summary>
/// <param name="pools">The machine's pools.</param>
/// <param name="datasets">What is in them.</param>
/// <param name="host">The machine.</param>
/// <param name="hosted">What is said of this hosted global zone; null on a machine of our own.</param>
internal sealed class SystemObserver(IPools pools, IDatasets datasets, INodeHost host, HostedConfig? hosted = null)
{
    private static readonly (string Field, string File)[] HardwareFields =
    [
        ("Manufacturer", "sys_vendor"), ("Product", "product_name"), ("Serial Number", "product_serial"),
        ("SKU Number", "product_sku"), ("HW Version", "product_version"), ("HW Family", "product_family"),
    ];

    internal SystemFacts Observe(BootArguments boot)
    {
        var config = ReadConfig();
        var pool = FindPool();
        var links = Links();
        string adminTag = config["admin_tag"] ?? "admin";
        return new SystemFacts
        {
            LiveImage = ReadText("/etc/version/platform"),
            BootTime = (DateTimeOffset.UtcNow - Kernel.Uptime()).ToUnixTimeSeconds(),
            DatacenterName = config.NonEmpty("datacenter_name"),
            Uuid = boot["override_uuid"] ?? StoredUuid(pool) ?? host.HardwareUuid ?? FromFirstMac(links),
            Hostname = Kernel.Name().Host,
            IsSetUp = pool is not null,
            IsHosted = hosted is not null,
            StorageBackend = pool is null ? null : hosted?.Pool?.Kind ?? "zfs",
            Hardware = HardwareFields.ToDictionary(f => f.Field, f => ReadText("/sys/class/dmi/id/" + f.File)),
            Cpu = CpuFacts.Parse(File.ReadAllText("/proc/cpuinfo")),
            OnlineCpus = Environment.ProcessorCount,
            HasKvm = File.Exists("/dev/kvm"),
            Memory = host.Memory,
            Pool = pool,
            Disks = new DiskInventory().All().Where(d => !d.Removable).ToDictionary(d => d.Name, d => d.Size),
            BootParameters = SystemFacts.WithoutSecrets(boot),
            AdminTag = adminTag,
            AdminIp = links.FirstOrDefault(l => l.Tags.Contains(adminTag))?.Ip4 ?? "",
            Links = links,
        };
    }

    private static ShellConfig ReadConfig()
    {
        try
        {
            return File.Exists("/usbkey/config") ? ShellConfig.Parse(File.ReadAllText("/usbkey/config")) : ShellConfig.Empty;
        }
        catch (LumosException)
        {
            return ShellConfig.Empty; // network/physical tells of a file that cannot be read
        }
    }

    private PoolSummary? FindPool()
    {
        if (hosted?.Pool?.Kind != "btrfs" && !File.Exists("/dev/zfs"))
        {
            return null;
        }
        var all = pools.List();
        // A host's other pools are not ours, whatever they are marked with.
        var system = hosted is not null
            ? all.FirstOrDefault(p => p.Name == hosted.Pool?.Name)
            : all.Where(p => File.Exists($"/{p.Name}/{SystemPool.Marker}"))
                .OrderByDescending(p => p.Name == SystemPool.DefaultName)
                .FirstOrDefault();
        if (system is null)
        {
            return null;
        }
        var properties = datasets.GetProperties(DatasetName.Parse(system.Name), "encryption", "creation");
        var devices = pools.Devices(system.Name);
        return new PoolSummary(
            system.Name,
            properties["encryption"] is { } encryption and not "off" && encryption != "-",
            [.. devices.Paths.Select(DiskInventory.DiskOf).Distinct()],
            devices.Profile,
            long.TryParse(properties["creation"], NumberStyles.None, CultureInfo.InvariantCulture, out long creation) ? creation : 0,
            system.Size);
    }

    private string? StoredUuid(PoolSummary? pool)
    {
        if (pool is null || hosted is not null) // a host has its own identity; no dataset var there
        {
            return null;
        }
        string? uuid = datasets.GetProperties(DatasetName.Parse($"{pool.Name}/var"), ServerUuid.Property)[ServerUuid.Property];
        return Uuid.IsValid(uuid) ? uuid : null;
    }

    /// <summary>A machine with no UUID of its own and no pool to keep one: the same one for the same first interface.</summary>
    private static string FromFirstMac(IReadOnlyList<LinkFacts> links) =>
        Uuid.FromName(Uuid.Zero, links.FirstOrDefault(l => l.IsPhysical)?.Mac ?? Kernel.Name().Host).ToString();

    private List<LinkFacts> Links()
    {
        var addresses = NetworkInterface.GetAllNetworkInterfaces().ToDictionary(
            n => n.Name,
            n => n.GetIPProperties().UnicastAddresses
                .FirstOrDefault(a => a.Address.AddressFamily == AddressFamily.InterNetwork)?.Address.ToString() ?? "");
        var links = new List<LinkFacts>();
        foreach (string path in Directory.EnumerateDirectories("/sys/class/net").Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(path);
            bool physical = Path.Exists(Path.Combine(path, "device"));
            bool bridge = Directory.Exists(Path.Combine(path, "bridge"));
            if (!physical && (!bridge || HasHardwarePort(path)))
            {
                continue; // what sits on a bridge over hardware is told with the hardware, as SmartOS does
            }
            string? master = Directory.Exists(Path.Combine(path, "master"))
                ? Path.GetFileName(Directory.ResolveLinkTarget(Path.Combine(path, "master"), true)?.FullName)
                : null;
            string address = addresses.GetValueOrDefault(name, "");
            links.Add(new LinkFacts(
                name,
                ReadText(Path.Combine(path, "address")),
                address.Length == 0 && master is not null ? addresses.GetValueOrDefault(master, "") : address,
                ReadText(Path.Combine(path, "operstate")) == "up",
                physical,
                physical ? master is null ? [] : TagsOn(master) : TagsOn(name)));
        }
        return links;
    }

    /// <summary>The nic tags that a bridge stands for: on a machine of our own the bridge bears the tag's name.</summary>
    private string[] TagsOn(string bridge) =>
        hosted is null ? [bridge] : [.. hosted.Tags.Where(tag => tag.Bridge == bridge).Select(tag => tag.Name)];

    private static bool HasHardwarePort(string bridge) =>
        Directory.Exists(Path.Combine(bridge, "brif"))
        && Directory.EnumerateFileSystemEntries(Path.Combine(bridge, "brif"))
            .Any(port => Path.Exists($"/sys/class/net/{Path.GetFileName(port)}/device"));

    private static string ReadText(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // some attributes answer with an error where the hardware has nothing to say
        }
    }
}
