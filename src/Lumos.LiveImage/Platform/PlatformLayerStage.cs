using Lumos.Core;
using Lumos.LiveImage.Archive;
using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// Stage <c>platform-layer</c>: from Debian's packages to what the boot archive wants of them. Leaves
/// <c>platform.squashfs</c> (the root tree, pruned, with its kernel modules), <c>kernel</c>, <c>shadow</c> (to which the
/// build adds root's password), and <c>early/</c>: the C library, busybox and the modules that lumos-init's first stage
/// needs before the squashfs is there, with <c>early.modules</c>, the order to load them in.
/// </summary>
internal static class PlatformLayerStage
{
    internal const string Name = "platform-layer";
    private const string Version = "1";

    /// <summary>zstd level of the squashfs. 19 takes about as long as the rest of the stage together and saves a tenth over 15.</summary>
    private const string CompressionLevel = "19";

    /// <summary>What stage 1 mounts with.</summary>
    private static readonly string[] EarlyModules = ["loop", "squashfs", "overlay"];

    internal static string Key(string recipe, StageResult packages, StageResult zfs) =>
        new StageKey().Add(Name).Add(Version).Add(CompressionLevel).AddFile(packages["record"], "record").Add(zfs.Key) // the same packages give the same tree, whatever the list said
            .AddFile(Path.Combine(recipe, "remove.list"), "remove.list")
            .AddFile(Path.Combine(recipe, "modules.list"), "modules.list").Finish();

    internal static void Make(BuildLog log, string recipe, StageResult packages, StageResult zfs, string work)
    {
        string tree = Path.Combine(work, "tree");
        Directory.CreateDirectory(tree);
        Unpack(log, packages["tree.tar"], tree);
        Unpack(log, packages["foreign.tar"], tree);
        var record = PackageRecord.Load(packages["record"]);
        string release = ZfsModulesStage.KernelRelease(record);

        string kernel = Path.Combine(work, "kernel");
        File.Move(Path.Combine(tree, "boot", "vmlinuz-" + release), kernel);
        InstallModules(log, tree, release, recipe, zfs);
        log.Run(["chroot", tree, "ldconfig"]); // libraries of other suites are new to its cache
        Pruning.Apply(log, tree, RecipeLines.Load(Path.Combine(recipe, "remove.list")));
        KeepPackageList(tree, record);
        File.Copy(Path.Combine(tree, "etc/shadow"), Path.Combine(work, "shadow"));
        LibraryCheck.Run(tree);
        CollectEarly(tree, release, work);

        // The kernel's own time, as its package carries it: the one date that all of these files can share.
        var time = new DateTimeOffset(File.GetLastWriteTimeUtc(kernel));
        Squashfs.Make(log, tree, Path.Combine(work, "platform.squashfs"), time, CompressionLevel);
        Scratch.Delete(tree);
    }

    private static void Unpack(BuildLog log, string archive, string tree) =>
        log.Run(["tar", "--extract", "--file", archive, "--directory", tree, "--numeric-owner", "--xattrs", "--xattrs-include=*", "--exclude=./dev/*"]);

    private static void InstallModules(BuildLog log, string tree, string release, string recipe, StageResult zfs)
    {
        string root = Path.Combine(tree, "usr/lib/modules", release);
        var modules = new KernelModules(File.ReadAllText(Path.Combine(root, "modules.dep")), File.ReadAllText(Path.Combine(root, "modules.builtin")));
        var wanted = modules.Closure(RecipeLines.Load(Path.Combine(recipe, "modules.list")));
        if (modules.Unmatched.Count > 0)
        {
            log.Write($"modules.list: no module of {release} matches {string.Join(", ", modules.Unmatched)}");
        }
        foreach (string file in Directory.EnumerateFiles(root, "*.ko*", SearchOption.AllDirectories).ToList())
        {
            if (!wanted.Contains(KernelModules.Bare(Path.GetRelativePath(root, file))))
            {
                File.Delete(file);
            }
        }
        // One compression, the squashfs's, over all of them is smaller than each one's own, and stage 1 needs none to load.
        log.Run(["sh", "-c", $"find '{root}' -name '*.ko.xz' -print0 | xargs -0 -r -P 2 -n 64 xz --decompress"]);
        string extra = Path.Combine(root, "extra");
        Directory.CreateDirectory(extra);
        foreach (string module in new[] { "spl.ko", "zfs.ko" })
        {
            File.Copy(zfs[module], Path.Combine(extra, module));
        }
        log.Run(["chroot", tree, "depmod", "--all", release]);
    }

    private static void KeepPackageList(string tree, PackageRecord record)
    {
        string folder = Path.Combine(tree, "usr/share/lumos");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "packages"), string.Concat(record.Packages.Select(p => $"{p.Name} {p.Version}\n")));
    }

    private static void CollectEarly(string tree, string release, string work)
    {
        string early = Path.Combine(work, "early");
        void Take(string path, string? from = null)
        {
            string target = Path.Combine(early, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(Path.Combine(tree, from ?? path), target);
        }

        // Names as they stand in the programs (ld.so's path, DT_NEEDED); content of the files behind the links.
        Take("lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2");
        foreach (string library in new[] { "libc.so.6", "libm.so.6" })
        {
            Take("lib/x86_64-linux-gnu/" + library, "usr/lib/x86_64-linux-gnu/" + library);
        }
        Take("bin/busybox", "usr/bin/busybox");

        string root = Path.Combine(tree, "usr/lib/modules", release);
        var modules = new KernelModules(File.ReadAllText(Path.Combine(root, "modules.dep")), File.ReadAllText(Path.Combine(root, "modules.builtin")));
        var order = modules.LoadOrder(EarlyModules).Select(m => $"lib/modules/{release}/{m}.ko").ToList();
        foreach (string module in order)
        {
            Take(module, "usr/" + module);
        }
        File.WriteAllText(Path.Combine(work, "early.modules"), string.Concat(order.Select(m => $"/{m}\n")));
    }
}
