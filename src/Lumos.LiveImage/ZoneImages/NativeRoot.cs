using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.ZoneImages;

/// <summary>
/// Makes the root of a native zone's image as <c>root.tar</c>: the platform's own /etc, /var, /root and /opt, less what a
/// zone has no use for, plus the recipe's overlay. /usr stays an empty mount point: the platform's own is bound there.
/// </summary>
internal static class NativeRoot
{
    private const string Version = "2";

    /// <summary>The number of the first account that is a person's.</summary>
    private const int Admin = 1000;

    private static readonly string[] Taken = ["etc", "var", "root", "opt"];
    private static readonly string[] Folders = ["dev", "home", "mnt", "proc", "run", "srv", "sys", "usr", "var/svc", "var/svc/log", "var/db"];
    private static readonly string[] LinksIntoUsr = ["bin", "sbin", "lib", "lib64"];

    internal static string Key(ImageRecipe recipe, StageResult platform) =>
        new StageKey().Add("native-root").Add(Version).Add(platform.Key).AddTree(recipe.Folder, path => path is not "image.json").Finish();

    internal static void Make(BuildLog log, ImageRecipe recipe, StageResult platform, string work)
    {
        string tree = Path.Combine(work, "tree");
        log.Run(["unsquashfs", "-no-progress", "-dest", tree, platform["platform.squashfs"], .. Taken]);
        Pruning.Apply(log, tree, RecipeLines.Load(Path.Combine(recipe.Folder, "remove.list")));
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
        log.Run(["cp", "--recursive", "--no-dereference", "--preserve=mode", Path.Combine(recipe.Folder, "overlay") + "/.", tree]);
        AddAdmin(log, tree);
        log.Run(["tar", "--create", "--file", Path.Combine(work, "root.tar"), "--directory", tree, "--sort=name", "--numeric-owner", "--xattrs", "--xattrs-include=*", "."]);
        Scratch.Delete(tree);
    }

    /// <summary>
    /// The account "admin" and the folders for keys that SmartOS's images have: scripts of its users write to ~admin/.ssh. It has no
    /// password.
    /// </summary>
    private static void AddAdmin(BuildLog log, string tree)
    {
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        File.AppendAllText(Path.Combine(tree, "etc/passwd"), $"admin:x:{Admin}:{Admin}:Admin User:/home/admin:/bin/bash\n");
        File.AppendAllText(Path.Combine(tree, "etc/group"), $"admin:x:{Admin}:\n");
        File.AppendAllText(Path.Combine(tree, "etc/shadow"), "admin:*::0:99999:7:::\n");
        Directory.CreateDirectory(Path.Combine(tree, "root/.ssh"), OwnerOnly);
        string home = Path.Combine(tree, "home/admin");
        Directory.CreateDirectory(Path.Combine(home, ".ssh"), OwnerOnly);
        File.SetUnixFileMode(home, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        log.Run(["chown", "--recursive", $"{Admin}:{Admin}", home]);
    }
}
