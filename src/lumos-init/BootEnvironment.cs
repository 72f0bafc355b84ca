namespace Lumos.Init;

/// <summary>
/// The environment of everything we start. The kernel hands PID 1 every unknown word of its command line as a variable;
/// those stop here (who wants a boot argument reads /proc/cmdline).
/// </summary>
internal static class BootEnvironment
{
    internal static Dictionary<string, string> Create() => new()
    {
        ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin",
        ["HOME"] = "/root",
        ["TERM"] = Environment.GetEnvironmentVariable("TERM") ?? "linux",
        ["LANG"] = "C.UTF-8",
    };

    /// <summary>The same in a zone, with what "zoneadm boot" was given for svc.startd.</summary>
    internal static Dictionary<string, string> CreateInZone()
    {
        const string arguments = "SMF_BOOTARGS";
        var environment = Create();
        if (Environment.GetEnvironmentVariable(arguments) is { Length: > 0 } given)
        {
            environment[arguments] = given;
        }
        return environment;
    }
}
