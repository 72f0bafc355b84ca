using System.Globalization;

namespace Lumos.Linux.Spawn;

/// <summary>
/// The way a child gets a cgroup, a user, limits or a terminal before its program runs. posix_spawn offers none of these (and
/// forking a managed process by hand is not safe), so the child first is <c>lumos-init --exec …</c>, a small native program
/// that does them in its own process and becomes the program: same PID, about 2 ms, and no instant in which the program is
/// outside its cgroup.
/// </summary>
public static class Trampoline
{
    /// <summary>Where the image has it; found beside the running program otherwise (tests, workstations).</summary>
    public const string InstalledPath = "/usr/lib/lumos/lumos-init";

    /// <summary>Overrides where the trampoline is.</summary>
    public static string? PathOverride { get; set; }

    /// <summary>The words to start: the request's own, or the trampoline's with the request's after "--".</summary>
    internal static IReadOnlyList<string> Words(SpawnRequest request)
    {
        var options = Options(request);
        return options.Count == 0 ? request.Argv : [Locate(), "--exec", .. options, "--", Execute.Resolve(request.Argv[0]), .. request.Argv];
    }

    /// <summary>What the trampoline is asked to do, in its own options.</summary>
    internal static List<string> Options(SpawnRequest request)
    {
        var options = new List<string>();
        void Add(string name, string? value)
        {
            if (value is not null)
            {
                options.Add(name);
                options.Add(value);
            }
        }
        Add("--cgroup", request.Cgroup);
        foreach (string other in request.OtherCgroups)
        {
            Add("--cgroup", other);
        }
        foreach (var (name, value) in request.ResourceLimits ?? new Dictionary<string, string>())
        {
            Add("--rlimit", $"{name}={value}");
        }
        Add("--umask", request.Umask is { } umask ? Convert.ToString(umask, 8) : null);
        Add("--nice", request.Nice?.ToString(CultureInfo.InvariantCulture));
        Add("--groups", request.Groups is { } groups ? string.Join(',', groups) : null);
        Add("--group", request.Group?.ToString(CultureInfo.InvariantCulture));
        Add("--user", request.User?.ToString(CultureInfo.InvariantCulture));
        if (request.ControllingTerminal)
        {
            options.Add("--tty");
        }
        return options;
    }

    private static string Locate()
    {
        if (PathOverride is { } set)
        {
            return set;
        }
        if (Path.GetDirectoryName(Environment.ProcessPath) is { } folder && File.Exists(Path.Combine(folder, "lumos-init")))
        {
            return Path.Combine(folder, "lumos-init");
        }
        return InstalledPath;
    }
}
