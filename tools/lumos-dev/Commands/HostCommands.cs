using System.CommandLine;
using Lumos.Core;
using Lumos.LiveImage;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary>
/// <c>./lumos host</c>: this workstation itself as a hosted global zone. Builds the programs and hands over to <c>lumos-host</c>,
/// which an installed package has too.
/// </summary>
internal static class HostCommands
{
    private static readonly string[] Verbs = ["up", "status", "exec", "down", "destroy"];

    public static Command Create(Checkout checkout)
    {
        var words = new Argument<string[]>("VERB [OPTION…]")
        {
            Description = "up [--root DIR] [--pool-size G] [--pool DIR|ZPOOL] [--name NAME] [--subnet NET] [--bridge BRIDGE]; " +
                "status [--root DIR] [--json]; exec [--root DIR] CMD…; down [--root DIR]; destroy [--root DIR] [--yes]. " +
                "DIR is /var/lib/lumos unless said otherwise. See man/man8/lumos-host.8",
            Arity = ArgumentArity.OneOrMore,
            CaptureRemainingTokens = true,
        };
        var command = new Command("host", "Use zones and vmadm on this machine as it runs, without a virtual machine") { words };
        command.SetAction(parsed => Run(checkout, parsed.GetValue(words)!));
        return command;
    }

    private static int Run(Checkout checkout, string[] words)
    {
        if (!Verbs.Contains(words[0]))
        {
            throw new UsageException($"./lumos host knows no \"{words[0]}\"; it has {string.Join(", ", Verbs)}");
        }
        string tree = words[0] == "up" ? Build(checkout) : Newest(checkout);
        string[] platform = words[0] == "up" ? ["--platform", tree] : [];
        string[] options = words[0] == "up" ? [.. words[1..].Where(w => w is not ("--yes" or "-y"))] : words[1..];
        return HostCommand.RunAttached([Path.Combine(tree, "usr/sbin/lumos-host"), words[0], .. platform, .. options]);
    }

    /// <summary>Installs what is missing and builds what has changed.</summary>
    internal static string Build(Checkout checkout)
    {
        Prerequisites.Ensure(Need.Compile | Need.Hosted, yes: Environment.GetEnvironmentVariable("CI") == "true" || Environment.GetCommandLineArgs().Any(w => w is "--yes" or "-y"));
        var stages = new Stages(Path.Combine(checkout.Logs, "host.log"));
        return stages.Telling(() => HostedBuilder.Build(Artifacts.Options(checkout, stages, locked: false)));
    }

    private static string Newest(Checkout checkout)
    {
        string all = Path.Combine(checkout.Out, "hosted");
        return Directory.Exists(all) && new DirectoryInfo(all).EnumerateDirectories().MaxBy(d => d.LastWriteTimeUtc) is { } newest
            ? newest.FullName
            : throw new LumosException("NotBuilt", "nothing is built for this machine yet; \"./lumos host up\" does");
    }
}
