using Lumos.Cli;
using Lumos.Hosted;
using Lumos.Images.Applets;
using Lumos.JsonTool;
using Lumos.Network;
using Lumos.Node;
using Lumos.Services;
using Lumos.Services.Power;
using Lumos.Zones.Applets;
using Lumos.Vm.Applets;

/// <summary>Every command of the platform, by name. Each domain brings its own list; nothing else is decided here.</summary>
internal static class AppletTable
{
    public static IEnumerable<Applet> All() =>
    [
        .. HostedApplets.All(),
        .. NetworkApplets.All(),
        .. NodeApplets.All(),
        .. ImagesApplets.All(),
        .. ServicesApplets.All(),
        .. PowerApplets.All(),
        .. ZonesApplets.All(),
        .. VmApplets.All(),
        .. JsonToolApplets.All(),
    ];
}
