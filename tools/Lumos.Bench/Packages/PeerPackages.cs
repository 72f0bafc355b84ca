using Lumos.Core;
using Lumos.Drivers.Tools;

namespace Lumos.Bench.Packages;

/// <summary>
/// The peers' Debian packages. What the host's own release does not have comes from its backports, fetched from the mirror that
/// the host's apt is set up for; the host's sources and lists stay as they are. No service of a package is started (<see cref="ServicesHeldBack"/>).
/// </summary>
internal static class PeerPackages
{
    public static IReadOnlyList<string> Missing(IEnumerable<string> packages) => [.. packages.Distinct().Where(package => !IsInstalled(package))];

    /// <summary>Installs packages, each with what it depends on.</summary>
    /// <exception cref="LumosException">apt cannot; its words are in the message.</exception>
    public static void Install(IReadOnlyList<string> packages, string scratch)
    {
        string[] known = [.. packages.Where(HasCandidate)], others = [.. packages.Except(known)];
        if (known.Length > 0)
        {
            Install([], known, known);
        }
        if (others.Length > 0)
        {
            var backports = Backports.Prepare(Path.Combine(scratch, "apt"));
            Run(["apt-get", "--quiet", .. backports.Options, "update"]);
            Install(backports.Options, others, others.Select(name => $"{name}/{backports.Suite}"));
        }
    }

    private static void Install(IReadOnlyList<string> options, IEnumerable<string> packages, IEnumerable<string> wanted) =>
        Run(ServicesHeldBack.Around(packages, ["apt-get", "--quiet", .. options, "install", "--yes", "--no-install-recommends", .. wanted]));

    private static void Run(IReadOnlyList<string> words)
    {
        var environment = Tool.InCLocale();
        environment["DEBIAN_FRONTEND"] = "noninteractive";
        Tool.Run(words, input: null, environment).OrThrow();
    }

    private static bool HasCandidate(string package) =>
        Tool.Run("apt-cache", "policy", package).OrThrow().Output.Split('\n')
            .Any(line => line.Trim().StartsWith("Candidate:", StringComparison.Ordinal) && !line.Contains("(none)", StringComparison.Ordinal));

    private static bool IsInstalled(string package) =>
        Tool.Run("dpkg-query", "-W", "-f", "${db:Status-Status}", package) is { Succeeded: true, Output: "installed" };
}
