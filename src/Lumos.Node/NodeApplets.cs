using Lumos.Cli;
using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Hosting;
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
        new("first-boot", "set the machine up from answers.json (a service method)", c => OnOwnMachine(c) ?? FirstBootService.Applet(
            c,
            notes => new FirstBootService(
                new SetupTools(Pools, Datasets, new LinuxNodeHost(), notes, new MountPaths()),
                found => HostObserver.Observe(new LinuxNodeHost(), Pools, found)),
            Boot())),
        new("fs-smartdc", "import pools and mount what persists (a service method)", c => OnOwnMachine(c) ?? FileSystemsAtBoot.Applet(
            c, notes => new FileSystemsAtBoot(Pools, Datasets, new LinuxNodeHost(), notes, new MountPaths()), Boot())),
        new("mkzpool", "make a pool as a layout says", c => OnOwnMachine(c) ?? MakePool.Run(c, Pools)),
        new("smartdc-config", "apply the settings of /usbkey (a service method)", c => OnOwnMachine(c) ?? SmartdcConfig.Applet(
            c, notes => new SmartdcConfig(new LinuxNodeHost(), notes, new MountPaths()), Boot())),
        new("sysinfo", "tell what the machine is", c => SysinfoApplet.Sysinfo(
            c, () => new SystemObserver(MachinePools.Open(), MachineDatasets.Open(), new LinuxNodeHost(), HostedFile.Load()), Boot)),
    ];

    private static Zpool Pools => new();

    private static ZfsDatasets Datasets => new();

    /// <summary>These set up or lay out a machine of our own, whose disks are ours: on somebody's host they touch nothing.</summary>
    /// <exception cref="LumosException">HostedRefuses.</exception>
    private static int? OnOwnMachine(AppletContext context) => HostedFile.Load() is null ? null : throw new LumosException(
        "HostedRefuses",
        $"{context.Name} sets up a machine that is LumOS's own, and this one is somebody's host; \"lumos-host up --pool\" takes a pool that is there",
        ExitStatus.Usage);

    private static BootArguments Boot() => BootArguments.Parse(File.ReadAllText("/proc/cmdline"));
}
