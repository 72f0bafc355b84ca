using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux.Spawn;

namespace Lumos.Bench.Packages;

/// <summary>
/// The peers' Debian packages. What the host's own release does not have comes from its backports, fetched from the mirror that
/// the host's apt is set up for; the host's sources and lists stay as they are. No service of a package is started.
/// </summary>
internal static class PeerPackages
{
    private const string Policy = "/usr/sbin/policy-rc.d";

    public static IReadOnlyList<string> Missing(IEnumerable<string> packages) => [.. packages.Distinct().Where(package => !IsInstalled(package))];

    /// <summary>Installs packages, each with what it depends on.</summary>
    /// <exception cref="LumosException">apt cannot; its words are in the message.</exception>
    public static void Install(IReadOnlyList<string> packages, string scratch)
    {
        using var services = new ServicesHeldBack();
        string[] known = [.. packages.Where(HasCandidate)], others = [.. packages.Except(known)];
        if (known.Length > 0)
        {
            Apt([], ["install", "--yes", "--no-install-recommends", .. known]);
        }
        if (others.Length > 0)
        {
            var backports = Backports.Prepare(Path.Combine(scratch, "apt"));
            Apt(backports.Options, ["update"]);
            Apt(backports.Options, ["install", "--yes", "--no-install-recommends", .. others.Select(name => $"{name}/{backports.Suite}")]);
        }
    }

    private static void Apt(IReadOnlyList<string> options, IReadOnlyList<string> words)
    {
        var environment = Tool.InCLocale();
        environment["DEBIAN_FRONTEND"] = "noninteractive";
        Tool.Run(["apt-get", "--quiet", .. options, .. words], input: null, environment).OrThrow();
    }

    private static bool HasCandidate(string package) =>
        Tool.Run("apt-cache", "policy", package).OrThrow().Output.Split('\n')
            .Any(line => line.Trim().StartsWith("Candidate:", StringComparison.Ordinal) && !line.Contains("(none)", StringComparison.Ordinal));

    private static bool IsInstalled(string package) =>
        Tool.Run("dpkg-query", "-W", "-f", "${db:Status-Status}", package) is { Succeeded: true, Output: "installed" };

    /// <summary>Debian's own way to say that installing starts nothing.</summary>
    private sealed class ServicesHeldBack : IDisposable
    {
        private readonly bool _ours = !File.Exists(Policy);

        public ServicesHeldBack()
        {
            if (_ours)
            {
                File.WriteAllText(Policy, "#!/bin/sh\nexit 101\n");
                File.SetUnixFileMode(Policy, (UnixFileMode)0b111_101_101);
            }
        }

        public void Dispose()
        {
            if (_ours)
            {
                File.Delete(Policy);
            }
        }
    }
}
