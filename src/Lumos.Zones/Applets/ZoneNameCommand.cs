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
        bool stack = context.Args is ["-t"];
        if (context.Args.Count > 0 && !stack)
        {
            throw new UsageException("usage: zonename [-t]");
        }
        // Each zone has a network stack of its own here; the global zone's is the machine's.
        context.Out.WriteLine(!stack ? Current().Text : Current().IsGlobal ? "shared" : "exclusive");
        return ExitStatus.Success;
    }

    internal static ZoneName Current()
    {
        string folder = Path.GetDirectoryName(Environment.ProcessPath) ?? "/usr/lib/lumos";
        string file = Path.Combine(folder, "zonename");
        return File.Exists(file) && ZoneName.TryParse(File.ReadAllText(file).Trim(), out var name) ? name : ZoneName.Global;
    }
}
