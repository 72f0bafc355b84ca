using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.ZoneImages.Disks;

/// <summary>
/// Makes <c>disk.raw</c> of a Debian root: the root is the third partition, label <c>debian-root</c>; GRUB boots /vmlinuz and
/// /initrd.img, the links that Debian's kernel packages keep to the newest kernel, so that upgrades in the guest need no GRUB there.
/// </summary>
internal static class DebianDisk
{
    private const int SystemMegabytes = 64;

    internal const string RootLabel = "debian-root";

    internal static void Make(BuildLog log, ImageRecipe recipe, string tar, Guid id, string work)
    {
        string tree = Path.Combine(work, "tree");
        Directory.CreateDirectory(tree);
        log.Run(["tar", "--extract", "--file", tar, "--directory", tree, "--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls"]);
        BootDisk.Make(log, new DiskLayout
        {
            Megabytes = recipe.Megabytes,
            SystemMegabytes = SystemMegabytes,
            SystemFiles = new Dictionary<string, string> { ["grub/grub.cfg"] = Path.Combine(recipe.Folder, "grub.cfg") },
            Id = id,
            Root = tree,
            RootLabel = RootLabel,
            RootUuid = id,
        }, work, Path.Combine(work, "disk.raw"));
        Scratch.Delete(tree);
    }
}
