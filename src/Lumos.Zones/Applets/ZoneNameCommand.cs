using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Zones.Applets;

/// <summary>
/// zonename: the name of the zone it runs in. It stands in a file beside our binary: the platform's says "global", and each
/// zone has its own bound over that one, which anyone in it may read.
/// </summary>
internal static class ZoneNameCommand
{
    internal static int Run(AppletContext context)
    {
        if (context.Args.Count > 0)
        {
            throw new UsageException("usage: zonename");
        }
        context.Out.WriteLine(Current());
        return ExitStatus.Success;
    }

    internal static ZoneName Current()
    {
        string folder = Path.GetDirectoryName(Environment.ProcessPath) ?? "/usr/lib/lumos";
        string file = Path.Combine(folder, "zonename");
        return File.Exists(file) && ZoneName.TryParse(File.ReadAllText(file).Trim(), out var name) ? name : ZoneName.Global;
    }
}
