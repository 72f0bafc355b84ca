using Lumos.LiveImage.Debian;
using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.ZoneImages;

/// <summary>
/// Makes the root of an lx zone's image as <c>root.tar</c>: Debian packages, the recipe's overlay, and units of systemd
/// that make no sense in a zone masked. Leaves <c>record</c>, what the packages resolved to.
/// </summary>
internal static class DebianRoot
{
    private const string Version = "1";

    /// <summary>What mmdebstrap copied from this machine, or what every zone must make for itself.</summary>
    private const string Anonymous =
        "rm -f \"$1\"/etc/resolv.conf \"$1\"/etc/hostname \"$1\"/etc/ssh/ssh_host_* && : > \"$1\"/etc/machine-id && mkdir -p \"$1\"/native \"$1\"/var/svc";

    internal static string Key(string recipe) =>
        new StageKey().Add("debian-root").Add(Version).AddTree(recipe).Finish();

    internal static void Make(BuildLog log, string recipe, string work)
    {
        string masks = string.Join(' ', RecipeLines.Load(Path.Combine(recipe, "mask.list")));
        string tar = Path.Combine(work, "root.tar");
        Bootstrap.Make(log, new Bootstrap.Request
        {
            Packages = PackageList.Load(Path.Combine(recipe, "packages.list")).Own,
            Components = "main",
            Exclude = ["/usr/share/locale/*", "/usr/share/doc/*.gz", "/usr/share/doc/*/examples/*", "/usr/share/info/*"],
            Hooks =
            [
                Bootstrap.RecordHook(work),
                $"cp --recursive --no-dereference --preserve=mode {Path.Combine(recipe, "overlay")}/. \"$1\"",
                $"for unit in {masks}; do ln -sf /dev/null \"$1/etc/systemd/system/$unit\"; done",
                Anonymous,
            ],
        }, tar);
        File.WriteAllText(Path.Combine(work, "record"), Bootstrap.ReadRecord(work).ToText());
    }
}
