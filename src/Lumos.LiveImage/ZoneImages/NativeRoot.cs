using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.ZoneImages;

/// <summary>
/// Makes the root of a native zone's image as <c>root.tar</c>: the platform's own /etc, /var, /root and /opt, less what a
/// zone has no use for, plus the recipe's overlay. /usr stays an empty mount point: the platform's own is bound there.
/// </summary>
internal static class NativeRoot
{
    private const string Version = "1";
    private static readonly string[] Taken = ["etc", "var", "root", "opt"];
    private static readonly string[] Folders = ["dev", "home", "mnt", "proc", "run", "srv", "sys", "usr", "var/svc", "var/svc/log", "var/db"];
    private static readonly string[] LinksIntoUsr = ["bin", "sbin", "lib", "lib64"];

    internal static string Key(string recipe, StageResult platform) =>
        new StageKey().Add("native-root").Add(Version).Add(platform.Key).AddTree(recipe).Finish();

    internal static void Make(BuildLog log, string recipe, StageResult platform, string work)
    {
        string tree = Path.Combine(work, "tree");
        log.Run(["unsquashfs", "-no-progress", "-dest", tree, platform["platform.squashfs"], .. Taken]);
        Pruning.Apply(log, tree, RecipeLines.Load(Path.Combine(recipe, "remove.list")));
        foreach (string folder in Folders)
        {
            Directory.CreateDirectory(Path.Combine(tree, folder));
        }
        foreach (string link in LinksIntoUsr)
        {
            File.CreateSymbolicLink(Path.Combine(tree, link), "usr/" + link);
        }
        Directory.CreateDirectory(Path.Combine(tree, "tmp"));
        File.SetUnixFileMode(Path.Combine(tree, "tmp"), (UnixFileMode)0b001_111_111_111);
        log.Run(["cp", "--recursive", "--no-dereference", "--preserve=mode", Path.Combine(recipe, "overlay") + "/.", tree]);
        log.Run(["tar", "--create", "--file", Path.Combine(work, "root.tar"), "--directory", tree, "--sort=name", "--numeric-owner", "--xattrs", "--xattrs-include=*", "."]);
        Scratch.Delete(tree);
    }
}
