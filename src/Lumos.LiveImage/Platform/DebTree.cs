using System.IO.Compression;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// Hosted mode as a Debian package: the hosted tree under /usr/lib/lumos/platform, links to the commands that administrators
/// type, their pages, and systemd's unit. Its control file and scripts are images/deb, copied as they are.
/// </summary>
internal static class DebTree
{
    private const string Platform = "usr/lib/lumos/platform";

    /// <summary>What gets a link in /usr/sbin. The others are methods and daemons, or would stand in the way of Debian's own.</summary>
    private static readonly string[] Commands =
    [
        "dsadm", "imgadm", "lumos", "lumos-host", "nictagadm", "svcadm", "svccfg", "svcprop", "svcs", "vmadm", "zlogin", "zoneadm",
        "zonecfg", "zonename",
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
            Compress(page, Path.Combine(tree, "usr/share/man", Path.GetFileName(Path.GetDirectoryName(page)!), Path.GetFileName(page) + ".gz"));
        }
        TreeInstall.Copy(Path.Combine(recipe, "lumos.service"), Path.Combine(tree, "usr/lib/systemd/system/lumos.service"), TreeInstall.Data);
        TreeInstall.Copy(Path.Combine(recipe, "copyright"), Path.Combine(tree, "usr/share/doc/lumos/copyright"), TreeInstall.Data);
        foreach (string script in new[] { "prerm", "postrm", "postinst" })
        {
            TreeInstall.Copy(Path.Combine(recipe, script), Path.Combine(tree, "DEBIAN", script), TreeInstall.Program);
        }
        string control = File.ReadAllText(Path.Combine(recipe, "control")).Replace("@VERSION@", version, StringComparison.Ordinal);
        TreeInstall.Write(Path.Combine(tree, "DEBIAN/control"), control, TreeInstall.Data);
        foreach (string folder in Directory.EnumerateDirectories(tree, "*", SearchOption.AllDirectories).Append(tree))
        {
            File.SetUnixFileMode(folder, TreeInstall.Program);
        }
        log.Run(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, target],
            new Dictionary<string, string> { ["SOURCE_DATE_EPOCH"] = time.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture) });
        Scratch.Delete(tree);
    }

    private static void Compress(string source, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        using (var output = new GZipStream(File.Create(target), CompressionLevel.SmallestSize))
        {
            using var input = File.OpenRead(source);
            input.CopyTo(output);
        }
        File.SetUnixFileMode(target, TreeInstall.Data);
    }
}
