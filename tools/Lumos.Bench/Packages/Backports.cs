using Lumos.Core;
using Lumos.Drivers.Tools;

namespace Lumos.Bench.Packages;

/// <summary>apt's sources with the backports of the host's release added, in a folder of our own.</summary>
/// <param name="Suite">Such as bookworm-backports.</param>
/// <param name="Options">What apt-get is told so that it uses them.</param>
internal sealed record Backports(string Suite, IReadOnlyList<string> Options)
{
    private const string Keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

    public static Backports Prepare(string folder)
    {
        string release = ReleaseName(File.ReadLines("/etc/os-release"));
        string suite = release + "-backports";
        string mirror = Mirror(Tool.Run("apt-get", "indextargets", "--format", "$(CREATED_BY)|$(ORIGIN)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)").OrThrow().Output, release)
            ?? throw new LumosException("NoMirror", $"apt on this machine has no source for Debian's {release}, so its backports cannot be found");
        string parts = Path.Combine(folder, "sources"), lists = Path.Combine(folder, "lists");
        Directory.CreateDirectory(parts);
        Directory.CreateDirectory(Path.Combine(lists, "partial"));
        foreach (string file in Directory.Exists("/etc/apt/sources.list.d") ? Directory.GetFiles("/etc/apt/sources.list.d") : [])
        {
            File.Copy(file, Path.Combine(parts, Path.GetFileName(file)), overwrite: true);
        }
        if (File.Exists("/etc/apt/sources.list"))
        {
            File.Copy("/etc/apt/sources.list", Path.Combine(parts, "host.list"), overwrite: true);
        }
        string signed = File.Exists(Keyring) ? $"[signed-by={Keyring}] " : "";
        File.WriteAllText(Path.Combine(parts, "bench-backports.list"), $"deb {signed}{mirror} {suite} main\n");
        return new Backports(suite, ["-o", "Dir::Etc::SourceList=/dev/null", "-o", $"Dir::Etc::SourceParts={parts}", "-o", $"Dir::State::Lists={lists}"]);
    }

    /// <summary>The repository of the release's main component, from apt's list of index files.</summary>
    internal static string? Mirror(string targets, string release) => targets.Split('\n').Select(line => line.Trim().Split('|'))
        .FirstOrDefault(words => words is ["Packages", "Debian", var name, "main", _] && name == release)?[4];

    internal static string ReleaseName(IEnumerable<string> osRelease) =>
        osRelease.Select(line => line.Split('=', 2)).FirstOrDefault(words => words[0] == "VERSION_CODENAME") is [_, var name]
            ? name.Trim('"')
            : throw new LumosException("NotDebian", "/etc/os-release names no release of Debian");
}
