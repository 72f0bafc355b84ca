using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Links;
using Lumos.Drivers.Oci;
using Lumos.Zones.Runtime;

namespace Lumos.Zones.Applets;

/// <summary>The commands of this project, and what they are made of.</summary>
public static class ZonesApplets
{
    public static IEnumerable<Applet> All() =>
    [
        new("zoneadm", "list, install, boot, halt and uninstall zones",
            context => new ZoneAdm(context, ZoneLayout.OfMachine(), Runtime, () => MachineDatasets.Open()).Run()),
        new("zonecfg", "show and change zones' configurations", ZoneConfiguration),
        new("zonename", "print the name of the zone one is in", ZoneNameCommand.Run),
        new("zlogin", "run a shell or a command in a zone, or join its console", context => new ZLogin(context, new ZoneLayout(), Runtime).Run()),
    ];

    /// <summary>The zones of this machine.</summary>
    /// <exception cref="LumosException">NoOciRuntime</exception>
    public static ZoneRuntime Runtime(Action<string> warn) => new(ZoneLayout.OfMachine(), OciRuntime.Find(), new VethLinks(), warn);

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
