using Lumos.LiveImage.Platform;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage;

/// <summary>
/// Builds what hosted mode runs from: a tree of our own files in <c>out/hosted/KEY</c>. A tree in use is never changed; a change
/// of the sources makes another one.
/// </summary>
public static class HostedBuilder
{
    private const int Kept = 3;

    /// <summary>Builds the tree, or finds it built, and returns its folder.</summary>
    public static string Build(BuildOptions options)
    {
        var build = new PlatformRun(options);
        var programs = build.Programs();
        var novnc = build.Novnc();
        string all = Path.Combine(options.OutDirectory, "hosted");
        string tree = Path.Combine(all, HostedTree.Key(options.RepositoryRoot, programs, novnc)[..16]);
        if (!Directory.Exists(tree))
        {
            Directory.CreateDirectory(all);
            string unfinished = tree + ".new";
            Scratch.Delete(unfinished);
            HostedTree.Make(build.Log, options.RepositoryRoot, Stamp.Of(build.Log, options.RepositoryRoot).ToString(), programs, novnc, unfinished);
            Directory.Move(unfinished, tree);
            DropOld(all, tree);
        }
        return tree;
    }

    /// <summary>Builds the Debian package of the tree and returns its file, <c>out/lumos_VERSION_amd64.deb</c>.</summary>
    public static string BuildPackage(BuildOptions options)
    {
        string tree = Build(options);
        var log = new BuildLog(options.LogFile);
        var stamp = Stamp.Of(log, options.RepositoryRoot);
        // A time sorts as a version does; "0." leaves room for numbered releases.
        string version = "0." + stamp.Time.UtcDateTime.ToString("yyyyMMdd.HHmmss", System.Globalization.CultureInfo.InvariantCulture);
        string target = Path.Combine(options.OutDirectory, $"lumos_{version}_amd64.deb");
        Scratch.With(options.OutDirectory, "deb", work => DebTree.Make(log, options.RepositoryRoot, tree, version, stamp.Time, work, target));
        return target;
    }

    private static void DropOld(string all, string current)
    {
        foreach (var old in new DirectoryInfo(all).EnumerateDirectories().Where(d => d.FullName != current)
            .OrderByDescending(d => d.LastWriteTimeUtc).Skip(Kept - 1).ToList())
        {
            Scratch.Delete(old.FullName);
        }
    }
}
