using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// Hosted mode as a Debian package: the hosted tree under /usr/lib/lumos/platform, links to the commands that administrators
/// type, their pages, and systemd's unit. Its control file and scripts are images/deb, copied as they are.
/// </summary>
internal static class DebTree
{
    private const string Platform = "usr/lib/lumos/platform", Completions = "usr/share/bash-completion/completions";

    /// <summary>What gets a link in /usr/sbin. The others are methods and daemons, or would stand in the way of Debian's own.</summary>
    private static readonly string[] Commands =
    [
        "coreadm", "diskinfo", "dsadm", "imgadm", "json", "lumos", "lumos-host", "nictagadm", "svcadm", "svccfg", "svcprop", "svcs", "sysinfo", "vmadm", "vminfo", "zlogin",
        "zoneadm", "zonecfg", "zonememstat", "zonename", "zonestat", "zps",
    ];

    internal static void Make(BuildLog log, string repository, string hostedTree, string version, DateTimeOffset time, string work, string target)
    {
        string recipe = Path.Combine(repository, "images/deb");
        string tree = Path.Combine(work, "tree");
        TreeInstall.CopyTree(hostedTree, Path.Combine(tree, Platform), executable: false);
        foreach (string command in Commands)
        {
            Directory.CreateDirectory(Path.Combine(tree, "usr/sbin"));
            File.CreateSymbolicLink(Path.Combine(tree, "usr/sbin", command), "../lib/lumos/platform/usr/lib/lumos/lumos");
        }
        foreach (string page in Directory.EnumerateFiles(Path.Combine(repository, "man"), "*", SearchOption.AllDirectories)
            .Where(page => Commands.Contains(Path.GetFileNameWithoutExtension(page)) || Path.GetFileName(page) == "smf.7"))
        {
            Compress(File.ReadAllBytes(page), Path.Combine(tree, "usr/share/man", Path.GetFileName(Path.GetDirectoryName(page)!), Path.GetFileName(page) + ".gz"));
        }
        // By these names Debian's bash-completion finds it, where that is installed.
        foreach (string command in new[] { "vmadm", "imgadm" })
        {
            Directory.CreateDirectory(Path.Combine(tree, Completions));
            File.CreateSymbolicLink(Path.Combine(tree, Completions, command), "../../../lib/lumos/platform/usr/lib/lumos/completion.bash");
        }
        TreeInstall.Copy(Path.Combine(recipe, "lumos.service"), Path.Combine(tree, "usr/lib/systemd/system/lumos.service"), TreeInstall.Data);
        TreeInstall.Copy(Path.Combine(recipe, "lintian-overrides"), Path.Combine(tree, "usr/share/lintian/overrides/lumos"), TreeInstall.Data);
        TreeInstall.Copy(Path.Combine(recipe, "copyright"), Path.Combine(tree, "usr/share/doc/lumos/copyright"), TreeInstall.Data);
        Compress(Encoding.UTF8.GetBytes(Changelog(version, time)), Path.Combine(tree, "usr/share/doc/lumos/changelog.gz"));
        string sums = Sums(tree);
        long size = InstalledKib(tree);
        foreach (string script in new[] { "prerm", "postrm", "postinst" })
        {
            TreeInstall.Copy(Path.Combine(recipe, script), Path.Combine(tree, "DEBIAN", script), TreeInstall.Program);
        }
        string control = File.ReadAllText(Path.Combine(recipe, "control"))
            .Replace("@VERSION@", version, StringComparison.Ordinal)
            .Replace("@SIZE@", size.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        TreeInstall.Write(Path.Combine(tree, "DEBIAN/control"), control, TreeInstall.Data);
        TreeInstall.Write(Path.Combine(tree, "DEBIAN/md5sums"), sums, TreeInstall.Data);
        foreach (string folder in Directory.EnumerateDirectories(tree, "*", SearchOption.AllDirectories).Append(tree))
        {
            File.SetUnixFileMode(folder, TreeInstall.Program);
        }
        log.Run(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, target],
            new Dictionary<string, string> { ["SOURCE_DATE_EPOCH"] = time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture) });
        Scratch.Delete(tree);
    }

    private static string Changelog(string version, DateTimeOffset time) =>
        $"lumos ({version}) unstable; urgency=medium\n\n  * Built from the sources of this time; CHANGELOG.md there says what is new.\n\n"
        + $" -- The LumOS project <lumos@localhost>  {time.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture)} +0000\n";

    /// <summary>For "dpkg --verify", which knows no other sum.</summary>
    private static string Sums(string tree) => string.Concat(Files(tree).Where(file => file.LinkTarget is null)
#pragma warning disable CA5351 // the format's
        .Select(file => $"{Convert.ToHexStringLower(MD5.HashData(File.ReadAllBytes(file.FullName)))}  {Path.GetRelativePath(tree, file.FullName)}\n"));
#pragma warning restore CA5351

    /// <summary>As policy wants it: each file in whole KiB, one for whatever else.</summary>
    private static long InstalledKib(string tree) =>
        Files(tree).Sum(file => file.LinkTarget is null ? (file.Length + 1023) / 1024 : 1)
        + Directory.EnumerateDirectories(tree, "*", SearchOption.AllDirectories).LongCount();

    private static IEnumerable<FileInfo> Files(string tree) =>
        new DirectoryInfo(tree).EnumerateFiles("*", SearchOption.AllDirectories).OrderBy(file => file.FullName, StringComparer.Ordinal);

    private static void Compress(byte[] content, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        using (var output = new GZipStream(File.Create(target), CompressionLevel.SmallestSize))
        {
            output.Write(content);
        }
        File.SetUnixFileMode(target, TreeInstall.Data);
    }
}
