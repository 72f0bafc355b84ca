using Lumos.Core;
using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>The stages whose results the later ones share.</summary>
internal sealed record PlatformLayers(StageResult Packages, StageResult Zfs, StageResult Platform, Programs Programs);

/// <summary>Our programs, each a stage of its own.</summary>
internal sealed record Programs(StageResult LumosStage, StageResult InitStage, StageResult ImgapiStage)
{
    internal string Lumos => LumosStage[BinariesStage.Lumos];

    internal string Init => InitStage[BinariesStage.Init];

    internal string Imgapi => ImgapiStage[BinariesStage.Imgapi];
}

/// <summary>One build: its options, log and cache, and each stage as a call.</summary>
internal sealed class PlatformRun(BuildOptions options)
{
    internal BuildLog Log { get; } = new(options.LogFile);

    internal string Recipe { get; } = Path.Combine(options.RepositoryRoot, "images/platform");

    internal string RecordFile => Path.Combine(Recipe, "packages.lock");

    private string ListFile => Path.Combine(Recipe, "packages.list");

    internal StageCache Cache { get; } = new(options.CacheDirectory, options.Progress);

    internal PlatformLayers Layers()
    {
        var programs = Programs(); // first: a compiler's error should not wait for a download
        var debian = DebianLayers();
        return new PlatformLayers(debian.Packages, debian.Zfs, debian.Platform, programs);
    }

    /// <summary>What Debian brings: the stages that do not depend on our programs.</summary>
    internal (StageResult Packages, StageResult Zfs, StageResult Platform) DebianLayers()
    {
        var packages = Packages();
        StageResult zfs;
        try
        {
            zfs = ZfsModules(packages);
        }
        catch (LumosException e) when (packages.Cached)
        {
            // Debian's archive drops a kernel's headers when the next kernel comes: start over with what it has now.
            options.Notice($"the packages kept from an earlier build seem to be gone from the archive ({LumosException.Describe(e)}); resolving them anew");
            Cache.Forget(PackagesStage.Name, packages.Key);
            packages = Packages();
            zfs = ZfsModules(packages);
        }
        var platform = Cache.Get(PlatformLayerStage.Name, PlatformLayerStage.Key(Recipe, packages, zfs),
            work => PlatformLayerStage.Make(Log, Recipe, packages, zfs, work));
        return (packages, zfs, platform);
    }

    internal Programs Programs() => new(Program(BinariesStage.Lumos), Program(BinariesStage.Init), Program(BinariesStage.Imgapi));

    internal StageResult Program(string name) =>
        Cache.Get(name, BinariesStage.Key(options.RepositoryRoot, name), work => BinariesStage.Make(Log, options.RepositoryRoot, name, work));

    /// <summary>What shows a screen in a browser.</summary>
    internal StageResult Novnc()
    {
        string lockFile = Path.Combine(Recipe, "npm.lock");
        return Cache.Get(NovncStage.Name, NovncStage.Key(lockFile), work => NovncStage.Make(Log, lockFile, work));
    }

    internal StageResult LumosLayer(Stamp stamp, PlatformLayers layers)
    {
        var novnc = Novnc();
        return Cache.Get(LumosLayerStage.Name, LumosLayerStage.Key(options.RepositoryRoot, stamp.ToString(), layers.Platform, layers.Programs, novnc),
            work => LumosLayerStage.Make(Log, options.RepositoryRoot, stamp, layers.Platform, layers.Programs, novnc, work));
    }

    internal StageResult BootArchive(Stamp stamp, PlatformLayers layers, StageResult lumos) =>
        Cache.Get(BootArchiveStage.Name, BootArchiveStage.Key(layers.Platform, lumos, layers.Programs),
            work => BootArchiveStage.Make(layers.Platform.Directory, layers.Platform["platform.squashfs"], lumos["lumos.squashfs"],
                layers.Programs.Init, stamp.Time, Path.Combine(work, "boot_archive")));

    internal StageResult Iso(Stamp stamp, PlatformLayers layers, StageResult boot) =>
        Cache.Get(IsoStage.Name, IsoStage.Key(Recipe, layers.Platform, boot),
            work => IsoStage.Make(Log, Recipe, layers.Platform["kernel"], boot["boot_archive"], stamp.ToString(), stamp.Time, work, Path.Combine(work, "lumos.iso")));

    /// <summary>Reports each difference of what a stage resolved from the committed record; refuses it where the build is locked.</summary>
    internal void Compare(string recordFile, StageResult packages)
    {
        if (!File.Exists(recordFile))
        {
            options.Notice($"{recordFile} is missing: \"./lumos build relock\" makes it");
            return;
        }
        var drift = PackageRecord.Load(recordFile).DriftOf(PackageRecord.Load(packages["record"]));
        if (options.Locked && drift.Count > 0)
        {
            throw new LumosException("PackagesDrifted", $"the packages differ from {recordFile} (\"./lumos build relock\" renews it):\n  {string.Join("\n  ", drift)}");
        }
        foreach (string sentence in drift)
        {
            Log.Write("drift: " + sentence);
            options.Notice("drift: " + sentence);
        }
    }

    /// <summary>Resolves the list with what the archive has now, writes the record, and keeps the stage under the new record's key.</summary>
    internal PackageRecord ResolveAnew()
    {
        string key = PackagesStage.Key(ListFile, RecordFile);
        Cache.Forget(PackagesStage.Name, key);
        var packages = Cache.Get(PackagesStage.Name, key, work => PackagesStage.Make(Log, ListFile, work));
        File.Copy(packages["record"], RecordFile, overwrite: true);
        string newKey = PackagesStage.Key(ListFile, RecordFile);
        if (newKey != key)
        {
            Cache.Rename(PackagesStage.Name, key, newKey);
        }
        return PackageRecord.Load(RecordFile);
    }

    private StageResult Packages()
    {
        var packages = Cache.Get(PackagesStage.Name, PackagesStage.Key(ListFile, RecordFile), work => PackagesStage.Make(Log, ListFile, work));
        Compare(RecordFile, packages);
        return packages;
    }

    private StageResult ZfsModules(StageResult packages)
    {
        var record = PackageRecord.Load(packages["record"]);
        return Cache.Get(ZfsModulesStage.Name, ZfsModulesStage.Key(record), work => ZfsModulesStage.Make(Log, record, work));
    }
}
