using Lumos.Core;
using Lumos.LiveImage.Debian;
using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// Stage <c>zfs-modules</c>: Debian ships OpenZFS's kernel part as source only. A throw-away tree with the headers of our
/// kernel and zfs-dkms compiles it; <c>zfs.ko</c> and <c>spl.ko</c> are kept.
/// </summary>
internal static class ZfsModulesStage
{
    internal const string Name = "zfs-modules";
    private const string Version = "1";

    internal static string Key(PackageRecord record) =>
        new StageKey().Add(Name).Add(Version).Add(KernelPackage(record).Version).Add(record.VersionOf("zfsutils-linux")).Finish();

    /// <summary>The package of the kernel itself, such as <c>linux-image-6.12.117+deb13-amd64</c>.</summary>
    internal static ResolvedPackage KernelPackage(PackageRecord record) =>
        record.Packages.FirstOrDefault(p => p.Name.StartsWith("linux-image-", StringComparison.Ordinal) && char.IsAsciiDigit(p.Name["linux-image-".Length]))
        ?? throw new LumosException("NoKernel", "the resolved packages hold no linux-image package; images/platform/packages.list has to name one");

    /// <summary>The kernel's release, as uname -r prints it.</summary>
    internal static string KernelRelease(PackageRecord record) => KernelPackage(record).Name["linux-image-".Length..];

    internal static void Make(BuildLog log, PackageRecord record, string work)
    {
        string release = KernelRelease(record);
        string tree = Path.Combine(work, "tree");
        Bootstrap.Make(log, new Bootstrap.Request
        {
            Variant = "apt",
            Packages = [$"linux-headers-{release}={KernelPackage(record).Version}", $"zfs-dkms={record.VersionOf("zfsutils-linux")}"],
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
