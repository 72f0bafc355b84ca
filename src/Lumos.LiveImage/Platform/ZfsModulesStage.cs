using Lumos.Core;
using Lumos.LiveImage.Debian;
using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// Stage <c>zfs-modules</c>: Debian ships OpenZFS's kernel part as source only. A throw-away tree with the headers of our
/// kernel and zfs-dkms compiles it; <c>zfs.ko</c> and <c>spl.ko</c> are kept.
/// </summary>
/// <remarks>
/// One line is changed before. OpenZFS's releases up to 2.4 take of a dataset that was given to a namespace what lies below it for the
/// namespace's own, and forget its snapshots and bookmarks: a zone could make them, and neither destroy nor go back to one. The
/// development branch has it right; where a source has it, nothing is changed.
/// </remarks>
internal static class ZfsModulesStage
{
    internal const string Name = "zfs-modules";
    private const string Version = "1";

    // $1: the tree. Says what it misses when a new source has neither the line nor what it should be.
    private const string EditAndBuild = """
        set -e
        file=$(echo "$1"/usr/src/zfs-*/module/os/linux/spl/spl-zone.c)
        grep -q "== '@'" "$file" || sed -i "s|dataset\\[zd_len\\] == '/';|strchr(\"/@#\", dataset[zd_len]) != NULL;|" "$file"
        grep -q -e "== '@'" -e 'strchr("/@#"' "$file" || { echo "$file decides in another way what a namespace sees: see ZfsModulesStage.cs" >&2; exit 1; }
        source=$(basename "$(echo "$1"/usr/src/zfs-*)")
        mount -t proc proc "$1/proc"
        mount --bind /dev "$1/dev"
        chroot "$1" dkms install -m zfs -v "${source#zfs-}" -k "$2"
        umount "$1/dev" "$1/proc"
        """;

    internal static string Key(PackageRecord record) =>
        new StageKey().Add(Name).Add(Version).Add(EditAndBuild).Add(KernelPackage(record).Version).Add(record.VersionOf("zfsutils-linux")).Finish();

    /// <summary>The package of the kernel itself, such as <c>linux-image-6.12.117+deb13-amd64</c>.</summary>
    internal static ResolvedPackage KernelPackage(PackageRecord record) =>
        record.Packages.FirstOrDefault(p => p.Name.StartsWith("linux-image-", StringComparison.Ordinal) && char.IsAsciiDigit(p.Name["linux-image-".Length]))
        ?? throw new LumosException("NoKernel", "the resolved packages hold no linux-image package; images/platform/packages.list has to name one");

    /// <summary>The kernel's release, as uname -r prints it.</summary>
    internal static string KernelRelease(PackageRecord record) => KernelPackage(record).Name["linux-image-".Length..];

    internal static void Make(BuildLog log, PackageRecord record, string work)
    {
        string release = KernelRelease(record);
        string tree = Path.Combine(work, "tree"), script = Path.Combine(work, "edit-and-build");
        File.WriteAllText(script, EditAndBuild);
        Bootstrap.Make(log, new Bootstrap.Request
        {
            Variant = "apt",
            Packages = [$"linux-headers-{release}={KernelPackage(record).Version}", $"zfs-dkms={record.VersionOf("zfsutils-linux")}"],
            EarlyHooks = ["mkdir -p \"$1/etc/dkms\" && touch \"$1/etc/dkms/no-autoinstall\""], // not before the change
            Hooks = [$"sh {script} \"$1\" {release}"],
            Exclude = ["/usr/share/locale/*", "/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*"],
        }, tree);
        string modules = Path.Combine(tree, "usr/lib/modules", release);
        foreach (string module in new[] { "spl", "zfs" })
        {
            string compressed = Directory.EnumerateFiles(modules, module + ".ko*", SearchOption.AllDirectories).FirstOrDefault()
                ?? throw new LumosException("ZfsNotBuilt", $"zfs-dkms built no {module}.ko for kernel {release}; its make.log is in the build's log");
            string copy = Path.Combine(work, Path.GetFileName(compressed));
            File.Copy(compressed, copy);
            if (copy.EndsWith(".xz", StringComparison.Ordinal))
            {
                log.Run(["xz", "--decompress", copy]);
            }
        }
        Scratch.Delete(tree);
    }
}
