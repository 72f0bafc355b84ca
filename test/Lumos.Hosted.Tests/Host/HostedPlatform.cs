using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>The compiled tree that hosted mode runs from. <c>./lumos test host</c> builds it and says where it is.</summary>
internal static class HostedPlatform
{
    internal const string Variable = "LUMOS_HOSTED_PLATFORM";

    internal static string Folder => Environment.GetEnvironmentVariable(Variable)!;

    internal static string Program(string name) => Path.Combine(Folder, "usr/sbin", name);

    /// <summary>Without it a test is skipped on a workstation, and fails where everything has to run.</summary>
    internal static void Require()
    {
        bool there = Environment.GetEnvironmentVariable(Variable) is { } folder && File.Exists(Path.Combine(folder, "usr/sbin/lumos-host"));
        if (!there)
        {
            string reason = $"{Variable} names no compiled tree of hosted mode; \"./lumos test host\" builds one";
            Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", reason);
            Assert.Fail(reason);
        }
    }
}
