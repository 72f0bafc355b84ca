using Lumos.Cli;
using Lumos.Core;
using Lumos.Services.Client;
using Lumos.Services.Daemon;

namespace Lumos.Services;

/// <summary>The commands of the service management facility.</summary>
public static class ServicesApplets
{
    public static IEnumerable<Applet> All() =>
    [
        new("svc.startd", "keep services in their states (started by init)", RunStartd),
        new("svcs", "report the states of services", SvcsApplet.Run),
        new("svcadm", "enable, disable, restart and repair services", SvcadmApplet.Run),
        new("svccfg", "import and change the configuration of services", SvccfgApplet.Run),
        new("svcprop", "print properties of services", SvcpropApplet.Run),
    ];

    private static int RunStartd(AppletContext context)
    {
        using var startd = new Startd(StartdOptions.Parse(context.Args));
        return startd.Run();
    }
}
