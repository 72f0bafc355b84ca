using System.Security.Cryptography;
using Lumos.LiveImage.Archive;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// Stage <c>lumos-layer</c>: what this repository brings, as <c>lumos.squashfs</c>, laid over Debian's layer at boot; and
/// <c>root.password</c>, drawn anew for each build, whose hash is in the layer's /etc/shadow.
/// </summary>
internal static class LumosLayerStage
{
    internal const string Name = "lumos-layer";
    private const string Version = "5";
    private const int PasswordLength = 16;
    private const UnixFileMode Secret = (UnixFileMode)0b110_000_000;

    /// <summary>Commands of hosted mode, which is for other machines than this.</summary>
    private static readonly string[] NotOnTheImage = ["fs-hosted", "lumos-host", "net-hosted"];

    /// <summary>What is copied: a folder of the repository, where it goes, and whether its files are programs.</summary>
    private static readonly (string From, string To, bool Programs)[] Trees =
    [
        ("images/platform/overlay", "", false),
        ("smf/manifest/global", "usr/lib/svc/manifest", false),
        ("smf/manifest/zone", "usr/lib/svc/zone-manifest", false),
        ("smf/method", "usr/lib/svc/method", true),
        ("smf/share", "usr/lib/svc/share", false),
        ("man", "usr/share/man", false),
    ];

    internal static string Key(string repository, string stamp, StageResult platform, Programs programs, StageResult novnc)
    {
        var key = new StageKey().Add(Name).Add(Version).Add(stamp).Add(platform.Key).Add(programs.LumosStage.Key).Add(programs.InitStage.Key).Add(programs.ImgapiStage.Key).Add(novnc.Key);
        foreach (var tree in Trees)
        {
            key.Add(tree.To).AddTree(Path.Combine(repository, tree.From));
        }
        return key.Finish();
    }

    internal static void Make(BuildLog log, string repository, Stamp stamp, StageResult platform, Programs programs, StageResult novnc, string work)
    {
        string password = RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789", PasswordLength);
        string salt = RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 16);
        string hash = log.Capture("openssl", "passwd", "-6", "-salt", salt, password).Trim();
        File.WriteAllText(Path.Combine(work, "root.password"), password + "\n");
        File.SetUnixFileMode(Path.Combine(work, "root.password"), Secret);
        Fill(log, repository, stamp.ToString(), hash, platform, programs, novnc, Path.Combine(work, "tree"));
        Pack(log, Path.Combine(work, "tree"), Path.Combine(work, "lumos.squashfs"), stamp.Time);
        Scratch.Delete(Path.Combine(work, "tree"));
    }

    internal static void Pack(BuildLog log, string tree, string target, DateTimeOffset time) =>
        Squashfs.Make(log, tree, target, time, level: "15", allRoot: true);

    private static void Fill(BuildLog log, string repository, string stamp, string hash, StageResult platform, Programs programs, StageResult novnc, string tree)
    {
        Directory.CreateDirectory(tree);
        foreach (var (from, to, executable) in Trees)
        {
            TreeInstall.CopyTree(Path.Combine(repository, from), Path.Combine(tree, to), executable);
        }
        TreeInstall.CopyTree(novnc.Directory, Path.Combine(tree, NovncStage.Target), executable: false);
        ManualIndex.Make(log, platform, tree);
        TreeInstall.Programs(log, programs, tree, NotOnTheImage, "usr/sbin", "usr/bin");
        TreeInstall.Write(Path.Combine(tree, "etc/version/platform"), stamp + "\n", TreeInstall.Data);
        TreeInstall.Write(Path.Combine(tree, "etc/shadow"), WithRootHash(File.ReadAllText(platform["shadow"]), hash), Secret);
        // Folders made on the way have the builder's umask.
        foreach (string folder in Directory.EnumerateDirectories(tree, "*", SearchOption.AllDirectories).Append(tree))
        {
            File.SetUnixFileMode(folder, TreeInstall.Program);
        }
        if (Directory.Exists(Path.Combine(tree, "root")))
        {
            File.SetUnixFileMode(Path.Combine(tree, "root"), (UnixFileMode)0b111_000_000);
        }
    }

    /// <summary>The shadow file with root's hash set; the day of the last change is left empty, which means "no ageing".</summary>
    internal static string WithRootHash(string shadow, string hash) =>
        string.Join('\n', shadow.Split('\n').Select(line => line.StartsWith("root:", StringComparison.Ordinal) ? $"root:{hash}::0:99999:7:::" : line));
}
