using Lumos.Cli;
using Lumos.Core.Boot;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Pools;
using Lumos.Node.Disks;
using Lumos.Node.FileSystems;
using Lumos.Node.FirstBoot;
using Lumos.Node.Host;
using Lumos.Node.Information;
using Lumos.Node.Settings;

namespace Lumos.Node;

/// <summary>The commands that look at the node and set it up, put together with their real drivers.</summary>
public static class NodeApplets
{
    public static IEnumerable<Applet> All() =>
    [
        new("bootparams", "print the boot arguments", c => SysinfoApplet.Bootparams(c, Boot())),
        new("diskinfo", "list disks with their facts", DiskApplets.DiskInfo),
        new("disklayout", "lay out a pool over the machine's disks", DiskApplets.DiskLayout),
        new("disklist", "list disks", DiskApplets.DiskList),
        new("first-boot", "set the machine up from answers.json (a service method)", c => FirstBootService.Applet(
            c,
            notes => new FirstBootService(
                new SetupTools(Pools, Datasets, new LinuxNodeHost(), notes, new MountPaths()),
                found => HostObserver.Observe(new LinuxNodeHost(), Pools, found)),
            Boot())),
        new("fs-smartdc", "import pools and mount what persists (a service method)", c => FileSystemsAtBoot.Applet(
            c, notes => new FileSystemsAtBoot(Pools, Datasets, new LinuxNodeHost(), notes, new MountPaths()), Boot())),
        new("mkzpool", "make a pool as a layout says", c => MakePool.Run(c, Pools)),
        new("smartdc-config", "apply the settings of /usbkey (a service method)", c => SmartdcConfig.Applet(
            c, notes => new SmartdcConfig(new LinuxNodeHost(), notes, new MountPaths()), Boot())),
        new("sysinfo", "tell what the machine is", c => SysinfoApplet.Sysinfo(
            c, () => new SystemObserver(Pools, Datasets, new LinuxNodeHost()), Boot)),
    ];

    private static Zpool Pools => new();

    private static ZfsDatasets Datasets => new();

    private static BootArguments Boot() => BootArguments.Parse(File.ReadAllText("/proc/cmdline"));
}
