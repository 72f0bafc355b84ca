using System.Globalization;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Lifecycle;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm stop.</summary>
internal static class StopVerb
{
    internal static Verb Verb { get; } = new("stop", ["stop <uuid> [-F] [-t <seconds>]"], parser => parser.Flag('F', "force").Value('t', "timeout"), Run) { Aliases = ["halt"], Changes = true, IsSettled = true };

    /// <summary>A day.</summary>
    private const int MostSeconds = 86400;

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = vmadm.OnlyUuidOf(args, "stop");
        return vmadm.Say(new VmLifecycle(vmadm.Machine).Stop(uuid, args.Has('F'), Seconds(args)));
    }

    /// <summary>What -t says; null: nothing.</summary>
    internal static TimeSpan? Seconds(ParsedArgs args)
    {
        if (args.Get('t') is not { } text)
        {
            return null;
        }
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds <= MostSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new UsageException($"-t wants a whole number of seconds, 0 to {MostSeconds}, not \"{text}\"");
    }
}
