using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Hosting;
using Lumos.Drivers.Links;
using Lumos.Drivers.Oci;
using Lumos.Zones.Cores;
using Lumos.Zones.Runtime;
using Lumos.Zones.Statistics;

namespace Lumos.Zones.Applets;

/// <summary>The commands of this project, and what they are made of.</summary>
public static class ZonesApplets
{
    public static IEnumerable<Applet> All() =>
    [
        new("zoneadm", "list, install, boot, halt and uninstall zones",
            context => new ZoneAdm(context, ZoneLayout.OfMachine(), Runtime, () => MachineDatasets.Open()).Run()),
        new("zonecfg", "show and change zones' configurations", ZoneConfiguration),
        new("zonestat", "show processor, memory and I/O of zones",
            context => new ZoneStat(context, new UsageReader(ZoneLayout.OfMachine(), Runtime(_ => { })), Thread.Sleep).Run()),
        new("zonememstat", "show the memory of zones and how often they ran into their caps",
            context => new ZoneMemStat(context, ZoneLayout.OfMachine(), new UsageReader(ZoneLayout.OfMachine(), Runtime(_ => { })), MachineMemory.Read).Run()),
        new("zps", "show processes with the zone each is in", context => new ZonePs(context, ZoneLayout.OfMachine(), ProcessEntry.ReadAll).Run()),
        new("core-dump", "keep the core of a crashed process (started by the kernel)", context => new CoreDump(context, ZoneLayout.OfMachine(), "/zones/global/cores", Log).Run()),
        new("coreadm", "show where cores of crashed processes go", context => new CoreAdm(context, HostedFile.Load() is not null, CorePattern.File, CorePattern.LimitFile).Run()),
        new("zonename", "print the name of the zone one is in", ZoneNameCommand.Run),
        new("zlogin", "run a shell or a command in a zone, or join its console", context => new ZLogin(context, new ZoneLayout(), Runtime).Run()),
    ];

    /// <summary>The zones of this machine.</summary>
    /// <exception cref="LumosException">NoOciRuntime</exception>
    public static ZoneRuntime Runtime(Action<string> warn) => new(ZoneLayout.OfMachine(), OciRuntime.Find(), new VethLinks(), warn);

    // The handler has no terminal and no standard error: what it says goes to the kernel's log, which syslog keeps.
    private static void Log(string sentence) => File.WriteAllText("/dev/kmsg", $"<4>core-dump: {sentence}\n");

    private static int ZoneConfiguration(AppletContext context)
    {
        if (context.Args is not (["help"] or ["-h"] or ["--help"]))
        {
            RequireGlobalRoot("zonecfg");
        }
        return new ZoneCfg(context, new ZoneLayout()).Run();
    }

    /// <summary>These commands are for root of the global zone.</summary>
    internal static void RequireGlobalRoot(string command)
    {
        if (!ZoneNameCommand.Current().IsGlobal)
        {
            throw new LumosException("NotGlobalZone", $"{command} can only be used in the global zone");
        }
        if (!Environment.IsPrivilegedProcess)
        {
            throw new LumosException("NotRoot", $"{command} can only be used by root");
        }
    }
}
