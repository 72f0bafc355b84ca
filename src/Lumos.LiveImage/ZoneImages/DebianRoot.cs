using Lumos.LiveImage.Debian;
using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.ZoneImages;

/// <summary>
/// Makes a root of Debian packages as <c>root.tar</c>: the packages, the recipe's overlay, units of systemd that make no sense
/// there masked, and those that Debian leaves to the administrator enabled. A root for a disk keeps the initramfs that its kernel package makes. Leaves <c>record</c>, what the packages resolved to.
/// </summary>
internal static class DebianRoot
{
    private const string Version = "2";

    /// <summary>What mmdebstrap copied from this machine, or what every machine must make for itself.</summary>
    private const string Anonymous =
        "rm -f \"$1\"/etc/resolv.conf \"$1\"/etc/hostname \"$1\"/etc/ssh/ssh_host_* && : > \"$1\"/etc/machine-id";

    /// <summary>Where an lx zone finds the platform's tools.</summary>
    private const string ZoneFolders = "mkdir -p \"$1\"/native \"$1\"/var/svc";

    internal static string Key(ImageRecipe recipe) =>
        new StageKey().Add("debian-root").Add(Version).Add(recipe.Suite).Add(recipe.IsVolume ? "disk" : "zone")
            .AddTree(recipe.Folder, path => path is not "image.json").Finish();

    internal static void Make(BuildLog log, ImageRecipe recipe, string work)
    {
        string masks = string.Join(' ', RecipeLines.Load(Path.Combine(recipe.Folder, "mask.list")));
        string enabled = Path.Combine(recipe.Folder, "enable.list");
        string tar = Path.Combine(work, "root.tar");
        Bootstrap.Make(log, new Bootstrap.Request
        {
            Suite = recipe.Suite,
            Packages = PackageList.Load(Path.Combine(recipe.Folder, "packages.list")).Own,
            Components = "main",
            MakesInitramfs = recipe.IsVolume,
            Exclude = ["/usr/share/locale/*", "/usr/share/doc/*.gz", "/usr/share/doc/*/examples/*", "/usr/share/info/*"],
            Hooks =
            [
                Bootstrap.RecordHook(work),
                $"cp --recursive --no-dereference --preserve=mode {Path.Combine(recipe.Folder, "overlay")}/. \"$1\"",
                $"for unit in {masks}; do ln -sf /dev/null \"$1/etc/systemd/system/$unit\"; done",
                File.Exists(enabled) ? $"chroot \"$1\" systemctl enable {string.Join(' ', RecipeLines.Load(enabled))}" : "true",
                Anonymous,
                recipe.IsVolume ? "true" : ZoneFolders,
            ],
        }, tar);
        File.WriteAllText(Path.Combine(work, "record"), Bootstrap.ReadRecord(work).ToText());
    }
}
