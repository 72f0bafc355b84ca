using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Drivers.Files;
using Lumos.Drivers.Hosting;
using Lumos.Node.Settings;

namespace Lumos.Node.Information;

/// <summary>sysinfo: tells what the machine is, from a cache that -f and -u renew; and bootparams.</summary>
internal static class SysinfoApplet
{
    // A host's /tmp is everybody's, and other hosted roots' too; /run/lumos is ours alone.
    private static string Folder => HostedFile.Load() is null ? "/tmp" : "/run/lumos";

    private static string JsonCache => Folder + "/.sysinfo.json";

    private static string ParsableCache => Folder + "/.sysinfo.parsable";

    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static int Sysinfo(AppletContext context, Func<SystemObserver> observer, Func<BootArguments> boot)
    {
        var args = new ArgParser().Flag('f').Flag('p').Flag('u').Flag('?').Flag('h', "help").Parse(context.Args);
        if (args.Has('?') || args.Has('h'))
        {
            context.Out.WriteLine("usage: sysinfo [-f] [-p] [-u]\n"
                + "  -f  look anew instead of telling what was cached\n"
                + "  -p  as shell assignments instead of JSON\n"
                + "  -u  renew the cache, print nothing");
            return ExitStatus.Success;
        }
        if (args.Operands.Count > 0)
        {
            throw new UsageException("usage: sysinfo [-f] [-p] [-u]");
        }
        if (!Environment.IsPrivilegedProcess)
        {
            throw new LumosException("NotRoot", "sysinfo has to be run by root");
        }
        string cache = args.Has('p') ? ParsableCache : JsonCache;
        if (args.Has('f') || args.Has('u') || !File.Exists(cache))
        {
            Renew(observer(), boot());
        }
        if (!args.Has('u'))
        {
            context.Out.Write(File.ReadAllText(cache));
        }
        return ExitStatus.Success;
    }

    internal static int Bootparams(AppletContext context, BootArguments boot)
    {
        if (context.Args.Count > 0)
        {
            throw new UsageException("usage: bootparams");
        }
        foreach (var (key, value) in boot.All)
        {
            context.Out.WriteLine($"{key}={value}");
        }
        return ExitStatus.Success;
    }

    private static void Renew(SystemObserver observer, BootArguments boot)
    {
        JsonObject document = observer.Observe(boot).ToJson();
        AtomicFile.Write(JsonCache, document.ToJsonString(Indented) + "\n", Modes.ReadableByRoot);
        AtomicFile.Write(ParsableCache, SystemFacts.ToParsable(document), Modes.ReadableByRoot);
    }
}
