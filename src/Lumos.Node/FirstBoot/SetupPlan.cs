using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Files;
using Lumos.Drivers.Pools;
using Lumos.Linux.Files;
using Lumos.Node.Disks;
using Lumos.Node.FileSystems;
using Lumos.Node.Settings;

namespace Lumos.Node.FirstBoot;

/// <summary>
/// The steps from bare disks to a system pool, as a list made from the specification alone. The pool is born with
/// the comment org.lumos:setup=unfinished and loses that only after getting its marker, so that after a power cut anywhere in
/// between the next boot knows the pool for its own half-made one, takes it away and begins again.
/// </summary>
internal static class SetupPlan
{
    private const string Pool = SystemPool.DefaultName;

    /// <summary>Swap may take this share of the new pool's room at most.</summary>
    private const int SwapShare = 4;

    private const long SmallestSwap = 128L << 20;

    /// <summary>The datasets of a system pool and the properties each is made with.</summary>
    private static readonly (string Name, Dictionary<string, string> Properties)[] Datasets =
    [
        ("config", new(PersistentMounts.ConfigProperties) { ["mountpoint"] = "legacy" }),
        ("usbkey", new() { ["mountpoint"] = "legacy" }),
        ("opt", new() { ["mountpoint"] = "legacy" }),
        ("var", new() { ["mountpoint"] = "legacy" }),
        ("cores", new() { ["mountpoint"] = "none", ["compression"] = "gzip" }),
        ("cores/global", new() { ["mountpoint"] = $"/{Pool}/global/cores", ["quota"] = "10737418240" }),
    ];

    internal static IReadOnlyList<SetupStep> Make(SetupSpec spec)
    {
        var steps = new List<SetupStep>();
        foreach (string old in spec.Unfinished)
        {
            steps.Add(new($"take away pool {old}, whose setting up was cut short", t => t.Pools.Destroy(old)));
        }
        steps.Add(new(
            $"make pool {Pool}: {string.Join(' ', spec.Layout.ZpoolWords())}",
            t => t.Pools.Create(new PoolToCreate
            {
                Name = Pool,
                Vdevs = spec.Layout.ZpoolWords(),
                FileSystemProperties = MakePool.FileSystemProperties,
                Comment = SystemPool.Unfinished,
            }),
            t => t.Pools.Destroy(Pool)));
        foreach (var (name, properties) in Datasets)
        {
            steps.Add(new($"make {Pool}/{name}", t => t.Datasets.Create(Dataset(name), properties)));
        }
        string uuid = spec.ServerUuid ?? Uuid.New().ToString();
        steps.Add(new("store the machine's UUID", t => t.Datasets.SetProperties(
            Dataset("var"), new Dictionary<string, string> { [Information.ServerUuid.Property] = uuid })));
        steps.Add(new($"make {Pool}/swap", t => MakeSwap(t, spec.Memory)));
        steps.Add(new($"mount {Pool}/usbkey", t => t.Host.Mount($"{Pool}/usbkey", t.Paths.UsbKey, "zfs"), t => t.Host.Unmount(t.Paths.UsbKey)));
        steps.Add(new("write /usbkey/shadow", t => WriteShadow(t, spec.RootPassword)));
        steps.Add(new("make ssh host keys in /usbkey/ssh", MakeSshFolder));
        if (spec.AuthorizedKeys.Trim().Length > 0)
        {
            steps.Add(new($"write /usbkey/config.inc/{UsbKeyConfig.AuthorizedKeysFile}", t => WriteAuthorizedKeys(t, spec.AuthorizedKeys)));
        }
        string config = UsbKeyConfig.Write(spec).ToString();
        steps.Add(new("write /usbkey/config", t => AtomicFile.Write(Path.Combine(t.Paths.UsbKey, "config"), config)));
        steps.Add(new($"mark pool {Pool} as the system's", Mark));
        return steps;
    }

    /// <summary>How large the swap volume becomes: memory's size, but no more than a quarter of the room; 0: none.</summary>
    internal static long SwapSize(long memory, long available)
    {
        const long Unit = 1L << 20;
        long size = Math.Min((memory + Unit - 1) / Unit * Unit, available / SwapShare / Unit * Unit);
        return size < SmallestSwap ? 0 : size;
    }

    private static void MakeSwap(SetupTools tools, long memory)
    {
        string? text = tools.Datasets.GetProperties(DatasetName.Parse(Pool), "available")["available"];
        long size = SwapSize(memory, long.TryParse(text, out long available) ? available : 0);
        if (size < memory)
        {
            tools.Notes.Announce(size == 0
                ? $"pool {Pool} is too small for a swap volume; the machine runs without swap"
                : $"pool {Pool} is small: the swap volume gets {new ByteCount(size)} instead of memory's {new ByteCount(memory)}");
        }
        if (size == 0)
        {
            return;
        }
        // Pages are 4 KiB: a block of another size would read and rewrite its neighbours with each page.
        tools.Datasets.CreateVolume(Dataset("swap"), size,
            new Dictionary<string, string>(PersistentMounts.SwapVolumeProperties) { ["volblocksize"] = "4096" });
        string device = $"/dev/zvol/{Pool}/swap";
        if (!tools.Host.WaitForDevice(device))
        {
            throw new LumosException("NoDevice", $"the volume {Pool}/swap was made, but its device {device} did not appear; is udev running?");
        }
        tools.Host.MakeSwap(device);
    }

    private static void WriteShadow(SetupTools tools, string password)
    {
        string image = File.ReadAllText(Path.Combine(tools.Paths.Etc, "shadow"));
        string text = ShadowFile.WithHash(
            image, "root", tools.Host.HashPassword(password), DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86400);
        AtomicFile.Write(Path.Combine(tools.Paths.UsbKey, "shadow"), text, Modes.ReadableByRoot);
    }

    private static void MakeSshFolder(SetupTools tools)
    {
        string kept = Path.Combine(tools.Paths.UsbKey, "ssh");
        Directory.CreateDirectory(kept);
        new PersistentMounts(tools.Datasets, tools.Host, tools.Notes, tools.Paths).CopyMissing(Path.Combine(tools.Paths.Etc, "ssh"), kept);
        tools.Host.MakeHostKeys(kept);
    }

    private static void WriteAuthorizedKeys(SetupTools tools, string keys)
    {
        string folder = Path.Combine(tools.Paths.UsbKey, "config.inc");
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, UsbKeyConfig.AuthorizedKeysFile), keys.TrimEnd('\n') + "\n", Modes.ReadableByRoot);
    }

    private static void Mark(SetupTools tools)
    {
        // All that the marker vouches for has to be on the disks before it.
        DurableFile.SyncAll();
        AtomicFile.Write(Path.Combine(tools.Paths.Root, Pool, SystemPool.Marker), "");
        tools.Pools.SetComment(Pool, SystemPool.Finished);
    }

    private static DatasetName Dataset(string name) => DatasetName.Parse($"{Pool}/{name}");
}
