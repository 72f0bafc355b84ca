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
}
