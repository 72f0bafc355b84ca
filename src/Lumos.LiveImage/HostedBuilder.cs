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
        string all = Path.Combine(options.OutDirectory, "hosted");
        string tree = Path.Combine(all, HostedTree.Key(options.RepositoryRoot, programs)[..16]);
        if (!Directory.Exists(tree))
        {
            Directory.CreateDirectory(all);
            string unfinished = tree + ".new";
            Scratch.Delete(unfinished);
            HostedTree.Make(build.Log, options.RepositoryRoot, Stamp.Of(build.Log, options.RepositoryRoot).ToString(), programs, unfinished);
            Directory.Move(unfinished, tree);
            DropOld(all, tree);
        }
        return tree;
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
