using System.Security.Cryptography;
using Lumos.Core;
using Lumos.LiveImage.Platform;
using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage;

/// <summary>
/// Builds the platform image: Debian's kernel and packages, OpenZFS, and our own programs, as a kernel and a boot archive
/// that run from memory, and an ISO that boots them.
/// <para>
/// The build is a sequence of stages, each a function from inputs to a folder of files, kept by the hash of its inputs
/// (<see cref="StageCache"/>): packages → zfs-modules → platform-layer (what Debian brings) and lumos, lumos-init → lumos-layer
/// (what this repository brings) → boot-archive → iso. A change of our code redoes the last four, which take seconds; a
/// change of a recipe redoes what depends on it.
/// </para>
/// <para>
/// Nothing of a build is in the checkout but <c>out/</c>. A stage that fails leaves nothing behind; one that was killed
/// leaves a folder in the cache's <c>tmp/</c>, which the next build of that stage deletes. Stages take no input but what
/// their key names, and all times and orders are fixed, so the same inputs give the same bytes;
/// <see cref="Reproduce"/> proves it on the machine at hand.
/// </para>
/// </summary>
public static class PlatformBuilder
{
    /// <summary>What kernel and boot archive together may weigh, in bytes.</summary>
    public const long BootBudget = 250L << 20;

    /// <summary>What the multi-call binary may weigh, in bytes.</summary>
    public const long BinaryBudget = 20L << 20;

    private const int KeptOutputs = 3;

    /// <summary>Builds what is not built yet and lays the image into <c>out/platform/STAMP</c>, linked as <c>latest</c>.</summary>
    public static PlatformImage Build(BuildOptions options)
    {
        RequireRoot();
        var build = new PlatformRun(options);
        var stamp = Stamp.Of(build.Log, options.RepositoryRoot);
        var layers = build.Layers();
        var lumos = build.LumosLayer(stamp, layers);
        var boot = build.BootArchive(stamp, layers, lumos);
        var iso = build.Iso(stamp, layers, boot);
        return Publish(build.Log, options, stamp, layers, lumos, boot, iso);
    }

    /// <summary>Compiles the two programs that every machine runs.</summary>
    public static PlatformBinaries BuildBinaries(BuildOptions options)
    {
        var build = new PlatformRun(options);
        return new PlatformBinaries(build.Program(BinariesStage.Lumos)[BinariesStage.Lumos], build.Program(BinariesStage.Init)[BinariesStage.Init]);
    }

    /// <summary>Compiles the image server.</summary>
    public static string BuildImageServer(BuildOptions options) => new PlatformRun(options).Program(BinariesStage.Imgapi)[BinariesStage.Imgapi];

    /// <summary>Resolves the package list anew and writes what came out into the committed record. Returns what changed in it.</summary>
    public static IReadOnlyList<string> Relock(BuildOptions options)
    {
        RequireRoot();
        var build = new PlatformRun(options);
        var before = PackageRecord.Load(build.RecordFile);
        var resolved = build.ResolveAnew();
        return before.DriftOf(resolved);
    }

    /// <summary>
    /// Packs both layers and the boot archive a second time from their inputs and returns the names of the files whose bytes
    /// differ from the first time: none, or the build is not reproducible. Takes as long as those stages do.
    /// </summary>
    public static IReadOnlyList<string> Reproduce(BuildOptions options)
    {
        RequireRoot();
        var build = new PlatformRun(options);
        var stamp = Stamp.Of(build.Log, options.RepositoryRoot);
        var layers = build.Layers();
        var lumos = build.LumosLayer(stamp, layers);
        var boot = build.BootArchive(stamp, layers, lumos);
        var differing = new List<string>();
        Directory.CreateDirectory(options.OutDirectory);
        Scratch.With(options.OutDirectory, "reproduce", work =>
        {
            string again = Path.Combine(work, "platform");
            Directory.CreateDirectory(again);
            PlatformLayerStage.Make(build.Log, build.Recipe, layers.Packages, layers.Zfs, again);
            string lumosTree = Path.Combine(work, "lumos");
            build.Log.Run(["unsquashfs", "-no-progress", "-dest", lumosTree, lumos["lumos.squashfs"]]);
            string lumosAgain = Path.Combine(work, "lumos.squashfs");
            LumosLayerStage.Pack(build.Log, lumosTree, lumosAgain, stamp.Time);
            string bootAgain = Path.Combine(work, "boot_archive");
            BootArchiveStage.Make(again, Path.Combine(again, "platform.squashfs"), lumosAgain, layers.Programs.Init, stamp.Time, bootAgain);
            foreach (var (name, first, second) in new[]
            {
                ("kernel", layers.Platform["kernel"], Path.Combine(again, "kernel")),
                ("platform.squashfs", layers.Platform["platform.squashfs"], Path.Combine(again, "platform.squashfs")),
                ("lumos.squashfs", lumos["lumos.squashfs"], lumosAgain),
                ("boot_archive", boot["boot_archive"], bootAgain),
            })
            {
                if (HashOf(first) != HashOf(second))
                {
                    differing.Add(name);
                }
            }
        });
        return differing;
    }

    private static PlatformImage Publish(BuildLog log, BuildOptions options, Stamp stamp, PlatformLayers layers, StageResult lumos, StageResult boot, StageResult iso)
    {
        string folder = Path.Combine(options.OutDirectory, "platform", stamp.ToString());
        string isoName = $"lumos-{stamp}.iso";
        string mark = Path.Combine(folder, ".key");
        if (!File.Exists(mark) || File.ReadAllText(mark) != iso.Key)
        {
            Scratch.Delete(folder);
            Directory.CreateDirectory(Path.Combine(folder, "platform"));
            Directory.CreateDirectory(Path.Combine(folder, "etc/version"));
            File.Copy(layers.Platform["kernel"], Path.Combine(folder, "kernel"));
            File.Copy(boot["boot_archive"], Path.Combine(folder, "boot_archive"));
            File.Copy(iso["lumos.iso"], Path.Combine(folder, isoName));
            File.Copy(lumos["root.password"], Path.Combine(folder, "platform/root.password"));
            File.WriteAllText(Path.Combine(folder, "etc/version/platform"), stamp + "\n");
            string[] files = ["boot_archive", "etc/version/platform", "kernel", isoName, "platform/root.password"];
            File.WriteAllText(Path.Combine(folder, "SHA256SUMS"), string.Concat(files.Select(f => $"{HashOf(Path.Combine(folder, f))}  {f}\n")));
            File.WriteAllText(mark, iso.Key);
            DropOldOutputs(Path.Combine(options.OutDirectory, "platform"), stamp.ToString());
        }
        PointLatest(log, Path.Combine(options.OutDirectory, "platform", "latest"), stamp.ToString());
        var image = new PlatformImage
        {
            Stamp = stamp.ToString(),
            Directory = folder,
            Kernel = Path.Combine(folder, "kernel"),
            BootArchive = Path.Combine(folder, "boot_archive"),
            Iso = Path.Combine(folder, isoName),
            RootPasswordFile = Path.Combine(folder, "platform/root.password"),
            KernelSize = new FileInfo(Path.Combine(folder, "kernel")).Length,
            BootArchiveSize = new FileInfo(Path.Combine(folder, "boot_archive")).Length,
            BinarySize = new FileInfo(layers.Programs.Lumos).Length,
        };
        foreach (string excess in Budgets.Exceeded(image))
        {
            options.Notice("over budget: " + excess);
        }
        return image;
    }

    private static void PointLatest(BuildLog log, string link, string target)
    {
        if (new FileInfo(link).LinkTarget != target)
        {
            log.Run(["ln", "--symbolic", "--force", "--no-dereference", target, link]);
        }
    }

    private static void DropOldOutputs(string folder, string current)
    {
        var old = new DirectoryInfo(folder).EnumerateDirectories()
            .Where(d => d.LinkTarget is null && d.Name != current)
            .OrderByDescending(d => d.Name, StringComparer.Ordinal).Skip(KeptOutputs - 1);
        foreach (var each in old.ToList())
        {
            Scratch.Delete(each.FullName);
        }
    }

    private static string HashOf(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static void RequireRoot()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new LumosException("NeedsRoot", "building an image unpacks Debian packages with their owners, which needs root");
        }
    }
}
