using Lumos.Core;
using Lumos.Drivers.Hosting;
using Lumos.Hosted.Actions;
using Lumos.Hosted.Model;
using Lumos.Linux.Spawn;

namespace Lumos.Hosted;

/// <summary>How a command that was started on a host gets into the hosted global zone that it is about.</summary>
public static class HostedEntry
{
    private const string Program = "/usr/lib/lumos/lumos";

    /// <summary>Commands that are about no global zone: they read what whoever calls them sees.</summary>
    private static readonly string[] _ofNoGlobalZone = ["digest", "json"];

    /// <summary>
    /// Takes the calling thread (the only one so far that looks at files), or else a new program in its place, inside when there is a hosted global zone that this process is not in; returns when there is
    /// none: on the live image, in a zone, or inside already. Costs two looks at the file system where there is nothing to do.
    /// A command of a tree for hosts that finds none to enter is refused: on the host itself it would take the host for ours.
    /// </summary>
    /// <exception cref="LumosException">HostedNotUp; NoHostedRoot: LUMOS_ROOT names no prefix of one, or none was ever up.</exception>
    public static void GoInside(string command, IEnumerable<string> words)
    {
        if (command == LumosHostName || _ofNoGlobalZone.Contains(command) || File.Exists(HostedPaths.InsideMark))
        {
            return;
        }
        string? asked = Environment.GetEnvironmentVariable(HostedPaths.PrefixVariable);
        string prefix = asked ?? HostedPaths.DefaultPrefix;
        if (!Environment.IsPrivilegedProcess && !AsksForHelp(words) && (asked is not null || Directory.Exists(prefix)))
        {
            throw OnlyRoot(prefix); // who may not look into the prefix must not be told that there is nothing
        }
        bool there = File.Exists(HostedPaths.ConfigFileOf(prefix));
        if ((there || IsOfHostedTree(Environment.ProcessPath)) && AsksForHelp(words) && !(there && HostNamespace.IsPinned(Find(prefix))))
        {
            return; // which needs nothing of a global zone
        }
        if (!there)
        {
            if (asked is not null)
            {
                throw new LumosException("NoHostedRoot", $"{HostedPaths.PrefixVariable} is {asked}, where \"lumos-host up --root {asked}\" has never been");
            }
            if (IsOfHostedTree(Environment.ProcessPath))
            {
                throw new LumosException("NoHostedRoot", $"there is no global zone on this host yet; \"lumos-host up\" makes one at {prefix}");
            }
            return;
        }
        var paths = Find(prefix);
        if (IsSameProgram(paths))
        {
            RequireUp(paths);
            HostNamespace.Enter(paths);
            Environment.SetEnvironmentVariable("PATH", PathInside());
            return;
        }
        Become(paths, [Program, .. words], command);
    }

    // The global zone runs on with the files that it began with; a newer program on the host has to step aside for them. The
    // same one saves itself a second start.
    private static bool IsSameProgram(HostedPaths paths)
    {
        var its = new FileInfo(paths.Prefix + HostedPaths.PlatformFolder + Program);
        var ours = new FileInfo(Environment.ProcessPath!);
        return its.Exists && its.Length == ours.Length && its.LastWriteTimeUtc == ours.LastWriteTimeUtc;
    }

    /// <summary>Whether a program lies in a tree such as a package or a build puts anywhere on a host, and not where the image has it.</summary>
    internal static bool IsOfHostedTree(string? program) =>
        program is not null && program != Program && program.EndsWith(Program, StringComparison.Ordinal)
        && File.Exists(program[..^Program.Length] + "/etc/version/platform");

    private static LumosException OnlyRoot(string prefix) =>
        new("NotHere", $"only root may enter the hosted global zone at {prefix}", exitStatus: 2);

    private static bool AsksForHelp(IEnumerable<string> words) => words.FirstOrDefault() is "help" or "--help" or "-h" or "-?";

    internal const string LumosHostName = "lumos-host";

    /// <summary>The paths of a prefix that has a configuration.</summary>
    internal static HostedPaths Find(string prefix)
    {
        string full = Path.GetFullPath(prefix);
        var config = HostedFile.Load(HostedPaths.ConfigFileOf(full))
            ?? throw new LumosException("NoHostedRoot", $"there is no hosted global zone at {full}; \"lumos-host up --root {full}\" makes one");
        return new HostedPaths(full, config.Name);
    }

    /// <summary>Becomes a program inside.</summary>
    /// <param name="name">What the program is told that it was called; null: its first word.</param>
    internal static void Become(HostedPaths paths, IReadOnlyList<string> argv, string? name = null)
    {
        RequireUp(paths);
        var environment = Execute.CurrentEnvironment();
        environment["PATH"] = PathInside();
        HostNamespace.EnterAndBecome(paths, argv, environment, name);
    }

    private static void RequireUp(HostedPaths paths)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw OnlyRoot(paths.Prefix);
        }
        if (!HostNamespace.IsPinned(paths))
        {
            throw new LumosException("HostedNotUp", $"the hosted global zone at {paths.Prefix} is not up; \"lumos-host up --root {paths.Prefix}\" brings it up");
        }
    }

    private static string PathInside()
    {
        const string Own = "/usr/sbin:/usr/bin:/sbin:/bin";
        string? path = Environment.GetEnvironmentVariable("PATH");
        return path is not { Length: > 0 } ? Own : path.Split(':').Contains("/usr/sbin") ? path : $"{Own}:{path}";
    }
}
