using Lumos.Cli;
using Lumos.Hosted.Applets;

namespace Lumos.Hosted;

/// <summary>The commands of hosted mode.</summary>
public static class HostedApplets
{
    public static IEnumerable<Applet> All() =>
    [
        new("fs-hosted", "open the pool of a hosted global zone (a service method)", FsHosted.Run),
        new(HostedEntry.LumosHostName, "bring a global zone up on a stock Linux host", LumosHost.Run),
    ];
}
