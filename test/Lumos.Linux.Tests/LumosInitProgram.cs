using System.Reflection;

namespace Lumos.Linux.Tests;

/// <summary>Where the build put lumos-init: LUMOS_INIT names another (the native one), else the one built beside these tests.</summary>
internal static class LumosInitProgram
{
    internal static string Path { get; } = Environment.GetEnvironmentVariable("LUMOS_INIT") ?? Built();

    private static string Built()
    {
        // …/test/Lumos.Linux.Tests/bin/Debug/net9.0/ → …/src/lumos-init/bin/Debug/net9.0/linux-x64/lumos-init
        string here = System.IO.Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!;
        string framework = System.IO.Path.GetFileName(here);
        string configuration = System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(here)!);
        return System.IO.Path.GetFullPath(System.IO.Path.Combine(
            here, "../../../../..", "src/lumos-init/bin", configuration, framework, "linux-x64/lumos-init"));
    }
}
