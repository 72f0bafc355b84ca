using System.Globalization;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Zones.Cores;

namespace Lumos.Zones.Applets;

/// <summary>coreadm: shows where cores of crashed processes go; -u puts our handler in its place (svc:/system/coreadm).</summary>
internal sealed class CoreAdm(AppletContext context, bool hosted, string patternFile, string limitFile)
{
    internal int Run()
    {
        var args = new ArgParser().Flag('h', "help").Flag('u').Flag('U').Parse(context.Args).Expect(0, 0);
        if (args.Has('h'))
        {
            context.Out.WriteLine("usage: coreadm [-u]");
            return ExitStatus.Success;
        }
        if (args.Has('u') || args.Has('U'))
        {
            if (hosted)
            {
                throw new LumosException("HostsOwn", $"where cores go is the host's own business in hosted mode: {patternFile} is left as it is");
            }
            ZonesApplets.RequireGlobalRoot("coreadm -u");
            File.WriteAllText(limitFile, CorePattern.Limit.ToString(CultureInfo.InvariantCulture)); // first: no handler runs without it
            File.WriteAllText(patternFile, CorePattern.Handler);
            return ExitStatus.Success;
        }
        string pattern = File.ReadAllText(patternFile).Trim();
        bool ours = pattern == CorePattern.Handler;
        context.Out.WriteLine($"""
                 global core file pattern: {(ours ? CorePattern.GlobalZone : pattern)}
                   zone core file pattern: {(ours ? CorePattern.Zones : pattern)}
                       global core dumps: {(pattern.Length > 0 ? "enabled" : "disabled")}
                         zone core dumps: {(ours ? "enabled" : "not kept by this system")}
            """);
        return ExitStatus.Success;
    }
}
