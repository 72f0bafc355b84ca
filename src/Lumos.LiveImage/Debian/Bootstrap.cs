using Lumos.Core;
using Lumos.LiveImage.Recipe;

namespace Lumos.LiveImage.Debian;

/// <summary>
/// Makes Debian trees with mmdebstrap. The suite's own mirror is mmdebstrap's choice; packages of another suite come from
/// the mirror that this machine's apt is set up for, so that no host's name stands in the project.
/// </summary>
public static class Bootstrap
{
    /// <summary>The release the platform and its zone image are made of.</summary>
    public const string Suite = "trixie";

    // mmdebstrap mounts /proc, /sys and more into the tree. In a mount namespace of its own they go when it ends, however it ends.
    private static readonly string[] Isolated = ["unshare", "--mount", "--propagation", "private"];

    /// <summary>What apt resolves for the base, in the words of <c>images/…/packages.list</c>.</summary>
    public sealed record Request
    {
        public required IEnumerable<string> Packages { get; init; }

        /// <summary>The release to make it of.</summary>
        public string Suite { get; init; } = Bootstrap.Suite;

        /// <summary>mmdebstrap's variant: minbase, apt, …</summary>
        public string Variant { get; init; } = "minbase";

        public string Components { get; init; } = "main,contrib,non-free-firmware";

        /// <summary>Let a kernel's package make its initramfs. The platform's is ours: no run of initramfs-tools there.</summary>
        public bool MakesInitramfs { get; init; }

        /// <summary>Path patterns that dpkg leaves out while it unpacks.</summary>
        public IEnumerable<string> Exclude { get; init; } = [];

        /// <summary>Shell commands run in the finished tree ($1), before apt's lists are dropped.</summary>
        public IEnumerable<string> Hooks { get; init; } = [];
    }

    /// <summary>Writes a tree as a tar file or (when <paramref name="target"/> has no .tar ending) a folder.</summary>
    public static void Make(BuildLog log, Request request, string target) =>
        log.Run(
            [
                .. Isolated, "mmdebstrap", "--mode=root", $"--variant={request.Variant}", $"--components={request.Components}",
                target.EndsWith(".tar", StringComparison.Ordinal) ? "--format=tar" : "--format=directory",
                "--aptopt=Apt::Install-Recommends \"false\"",
                $"--include={string.Join(',', request.Packages)}",
                .. request.Exclude.Select(pattern => $"--dpkgopt=path-exclude={pattern}"),
                .. request.Hooks.Select(hook => $"--customize-hook={hook}"),
                request.Suite, target,
            ],
            request.MakesInitramfs ? null : new Dictionary<string, string> { ["INITRD"] = "No" });

    /// <summary>The hook that writes what was installed, and what apt knows of it, into a folder outside the tree.</summary>
    public static string RecordHook(string folder) =>
        "chroot \"$1\" dpkg-query -W -f '${Package}=${Version}\\n' > " + folder + "/installed"
        + " && xargs chroot \"$1\" apt-cache show < " + folder + "/installed > " + folder + "/shown";

    /// <summary>The record made by <see cref="RecordHook"/>.</summary>
    public static PackageRecord ReadRecord(string folder) =>
        PackageRecord.FromAptCache(File.ReadAllText(Path.Combine(folder, "shown")), File.ReadLines(Path.Combine(folder, "installed")));

    /// <summary>
    /// Downloads packages of another suite into <paramref name="folder"/>, unpacks them below <paramref name="tree"/>, and
    /// returns what they were. Their dependencies have to be met by the tree.
    /// </summary>
    public static PackageRecord AddForeign(BuildLog log, string suite, IReadOnlyList<WantedPackage> packages, string folder, string tree)
    {
        string names = string.Join(' ', packages.Select(p => p.Name));
        string debs = Path.Combine(folder, "debs");
        Directory.CreateDirectory(debs);
        string hook = $"cd {debs} && export APT_CONFIG=\"$MMDEBSTRAP_APT_CONFIG\" && apt-get download {names} && apt-cache show --no-all-versions {names} > {folder}/shown";
        List<string> argv = [.. Isolated, "mmdebstrap", "--mode=root", "--variant=custom", "--format=directory", $"--customize-hook={hook}"];
        // An archive mirror frozen at a date has outlived the release file's Valid-Until. What that check guards against, old
        // packages served again, is guarded by the least versions of the list and by the committed record.
        argv.Add("--aptopt=Acquire::Check-Valid-Until \"false\"");
        argv.Add(suite);
        argv.Add(Path.Combine(folder, "apt-root"));
        if (HostMirror(log) is { } mirror)
        {
            argv.Add($"deb {mirror} {suite} main");
        }
        log.Run(argv);
        foreach (string deb in Directory.EnumerateFiles(debs, "*.deb").Order(StringComparer.Ordinal))
        {
            log.Run(["dpkg-deb", "--extract", deb, tree]);
        }
        string shown = File.ReadAllText(Path.Combine(folder, "shown"));
        var record = PackageRecord.FromAptCache(shown, VersionsIn(shown));
        foreach (var wanted in packages.Where(p => p.LeastVersion is not null))
        {
            string version = record.VersionOf(wanted.Name);
            if (!log.Succeeds("dpkg", "--compare-versions", version, "ge", wanted.LeastVersion!))
            {
                throw new LumosException("PackageTooOld", $"{wanted.Name} {version} of {suite} is older than {wanted.LeastVersion}, which the package list asks for");
            }
        }
        return record;
    }

    /// <summary>The archive that this machine's own apt uses for Debian, or null where it has none.</summary>
    private static string? HostMirror(BuildLog log) =>
        log.Capture("apt-get", "indextargets", "Created-By: Packages", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)")
            .Split('\n').Select(line => line.Split(' '))
            .FirstOrDefault(words => words is ["Debian", "Debian", _])?[2];

    private static IEnumerable<string> VersionsIn(string shown)
    {
        string[] lines = shown.Split('\n');
        var names = lines.Where(l => l.StartsWith("Package: ", StringComparison.Ordinal)).Select(l => l[9..].Trim());
        var versions = lines.Where(l => l.StartsWith("Version: ", StringComparison.Ordinal)).Select(l => l[9..].Trim());
        return names.Zip(versions, (name, version) => $"{name}={version}");
    }
}
