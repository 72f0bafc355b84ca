using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Services.Daemon;

/// <summary>Where svc.startd finds and puts things. <c>--root</c> moves all of it, for tests.</summary>
public sealed record StartdOptions
{
    /// <summary>Inside a native zone.</summary>
    public bool Zone { get; init; }

    /// <summary>Prefix of every path below; "" is the machine itself.</summary>
    public string Root { get; init; } = "";

    public string? ManifestOverride { get; init; }

    /// <summary>The cgroup below which each instance has its own.</summary>
    public string Cgroup { get; init; } = "/sys/fs/cgroup/svc";

    /// <summary>Use no cgroups even where there are some.</summary>
    public bool NoCgroups { get; init; }

    /// <summary>The program that starts methods in their cgroups; null: where the image has it.</summary>
    public string? Trampoline { get; init; }

    public string ManifestDirectory => ManifestOverride ?? $"{Root}/usr/lib/svc/{(Zone ? "zone-manifest" : "manifest")}";

    /// <summary>Manifests of the boot medium, then of the administrator.</summary>
    public IReadOnlyList<string> SiteDirectories => [$"{Root}/system/boot/smf", $"{Root}/opt/custom/smf"];

    public string Repository => $"{Root}/etc/svc/repository.json";

    public string RunDirectory => $"{Root}/run/svc";

    public string Socket => $"{RunDirectory}/startd.sock";

    public string StateFile => $"{RunDirectory}/state.json";

    public string LogDirectory => $"{Root}/var/svc/log";

    /// <summary>Gets what an administrator has to see.</summary>
    public string Console => ConsoleOverride ?? (Root.Length == 0 ? "/dev/console" : $"{Root}/console");

    public string? ConsoleOverride { get; init; }

    public string BootArguments => Root.Length == 0 ? "/proc/cmdline" : $"{Root}/cmdline";

    public static StartdOptions Parse(IReadOnlyList<string> words)
    {
        var args = new ArgParser().Flag("zone").Value("root").Value("manifest").Value("cgroup").Flag("no-cgroups").Value("trampoline").Value("console").Parse(words);
        if (args.Operands.Count > 0)
        {
            throw new UsageException($"svc.startd takes no operands, so not \"{args.Operands[0]}\"");
        }
        var options = new StartdOptions
        {
            Zone = args.Has("zone"),
            Root = args.Get("root")?.TrimEnd('/') ?? "",
            ManifestOverride = args.Get("manifest"),
            Trampoline = args.Get("trampoline"),
            ConsoleOverride = args.Get("console"),
            NoCgroups = args.Has("no-cgroups"),
        };
        return args.Get("cgroup") is { } cgroup ? options with { Cgroup = cgroup } : options;
    }
}
