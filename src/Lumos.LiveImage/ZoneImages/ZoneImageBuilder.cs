using System.Security.Cryptography;
using System.Text.Json;
using Lumos.Core;
using Lumos.LiveImage.Platform;
using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;
using Lumos.LiveImage.ZoneImages.Disks;

namespace Lumos.LiveImage.ZoneImages;

/// <summary>
/// Builds images of recipes (<see cref="ImageRecipe"/>). Each is two stages: its content, as a tar archive of a root or as a disk, then its
/// ZFS stream with the manifest, which needs a virtual machine of the platform (<see cref="ZfsStream"/>). None depends on our
/// programs, so a change of code makes no new image.
/// </summary>
public static class ZoneImageBuilder
{
    private const string StreamVersion = "1";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>What comes with the platform: an image for each brand of zones.</summary>
    public static IReadOnlyList<string> WithThePlatform { get; } = ["lumos-base", "debian-13"];

    /// <summary>What tests of hardware virtual machines boot.</summary>
    public const string Guest = "tiny";

    /// <summary>
    /// Builds what is not built yet and lays manifests and streams into <c>out/images</c>; images of recipes that are no more, and
    /// other versions, are removed there.
    /// </summary>
    /// <param name="options">As for the platform.</param>
    /// <param name="accelerator">QEMU's arguments for the CPU, such as <c>-accel kvm -cpu host</c>.</param>
    /// <param name="names">Which ones; null: all.</param>
    /// <exception cref="LumosException">NoRecipe; BadRecipe; a tool that failed.</exception>
    public static IReadOnlyList<ZoneImage> Build(BuildOptions options, IReadOnlyList<string> accelerator, IReadOnlyList<string>? names = null)
    {
        var run = new PlatformRun(options);
        var recipes = ImageRecipe.All(options.RepositoryRoot);
        if (names?.FirstOrDefault(n => recipes.All(r => r.Name != n)) is { } unknown)
        {
            throw new LumosException("NoRecipe", $"there is no recipe for an image \"{unknown}\"; there are {string.Join(", ", recipes.Select(r => r.Name))}");
        }
        // The platform's own stages are told, and its drift compared, when it is built.
        var platform = new PlatformRun(options with { Progress = _ => { }, Notice = _ => { } }).DebianLayers().Platform;
        ZoneImage[] built = [.. recipes.Where(r => names?.Contains(r.Name) ?? true).Select(recipe =>
        {
            var (content, identity) = Content(run, recipe, platform);
            return Image(run, options, platform, accelerator, recipe, content, identity);
        })];
        string folder = Path.Combine(options.OutDirectory, "images");
        RemoveOld(folder, recipes);
        ImageSums.Write(run.Log, folder);
        return built;
    }

    /// <summary>Resolves the packages of all images of Debian anew and writes the records. Returns what changed in them.</summary>
    public static IReadOnlyList<string> Relock(BuildOptions options)
    {
        var run = new PlatformRun(options);
        var changes = new List<string>();
        foreach (var recipe in ImageRecipe.All(options.RepositoryRoot).Where(r => r.Content == ImageContent.Debian))
        {
            var before = File.Exists(recipe.Lock) ? PackageRecord.Load(recipe.Lock) : null;
            string key = DebianRoot.Key(recipe), stage = RootStage(recipe);
            run.Cache.Forget(stage, key);
            var root = run.Cache.Get(stage, key, work => DebianRoot.Make(run.Log, recipe, work));
            File.Copy(root["record"], recipe.Lock, overwrite: true);
            run.Cache.Rename(stage, key, DebianRoot.Key(recipe));
            changes.AddRange(before?.DriftOf(PackageRecord.Load(recipe.Lock)).Select(d => $"{recipe.Name}: {d}") ?? [$"{recipe.Name}: locked for the first time"]);
        }
        return changes;
    }

    private static string RootStage(ImageRecipe recipe) => recipe.Name + "-root";

    /// <summary>The stage that made an image's content, and what tells that content from any other.</summary>
    private static (StageResult Content, string Identity) Content(PlatformRun run, ImageRecipe recipe, StageResult platform)
    {
        switch (recipe.Content)
        {
            case ImageContent.Native:
                var native = run.Cache.Get(RootStage(recipe), NativeRoot.Key(recipe, platform), work => NativeRoot.Make(run.Log, recipe, platform, work));
                return (native, native.Key);
            case ImageContent.Tiny:
                string key = TinyDisk.Key(recipe, platform);
                return (run.Cache.Get(recipe.Name + "-disk", key, work => TinyDisk.Make(run.Log, recipe, platform, recipe.UuidOf(key), work)), key);
            default:
                var root = run.Cache.Get(RootStage(recipe), DebianRoot.Key(recipe), work => DebianRoot.Make(run.Log, recipe, work));
                run.Compare(recipe.Lock, root);
                string identity = new StageKey().Add(root.Key).AddFile(root["record"], "record").Finish();
                if (!recipe.IsVolume)
                {
                    return (root, identity);
                }
                identity = new StageKey().Add(identity).Add(BootDisk.Version).AddFile(Path.Combine(recipe.Folder, "grub.cfg"), "grub.cfg").Add($"{recipe.Megabytes}").Finish();
                return (run.Cache.Get(recipe.Name + "-disk", identity, work => DebianDisk.Make(run.Log, recipe, root["root.tar"], recipe.UuidOf(identity), work)), identity);
        }
    }

    private static ZoneImage Image(
        PlatformRun run, BuildOptions options, StageResult platform, IReadOnlyList<string> accelerator, ImageRecipe recipe, StageResult content, string identity)
    {
        string init = Path.Combine(options.RepositoryRoot, "images/stream/init");
        var uuid = recipe.UuidOf(identity);
        string key = new StageKey().Add(StreamVersion).Add(uuid.ToString()).Add(recipe.Json.ToJsonString()).AddFile(init, "init").Finish();
        var stream = run.Cache.Get(recipe.Name, key, work =>
        {
            string file = Path.Combine(work, "zfs.gz");
            ZfsStream.Make(run.Log, init, platform, accelerator, content[recipe.IsVolume ? "disk.raw" : "root.tar"], recipe.IsVolume, work, file);
            using var bytes = File.OpenRead(file);
#pragma warning disable CA5350 // manifests version 2 name files by SHA-1
            string sha1 = Convert.ToHexStringLower(SHA1.HashData(bytes));
#pragma warning restore CA5350
            File.WriteAllText(Path.Combine(work, "json"), recipe.Manifest(uuid, DateTimeOffset.UtcNow, bytes.Length, sha1).ToJsonString(Indented) + "\n");
        });
        string folder = Path.Combine(options.OutDirectory, "images");
        Directory.CreateDirectory(folder);
        string manifest = Path.Combine(folder, $"{recipe.Name}-{recipe.Version}.json");
        string data = Path.Combine(folder, $"{recipe.Name}-{recipe.Version}.zfs.gz");
        if (!File.Exists(manifest) || !File.Exists(data) || File.ReadAllText(manifest) != File.ReadAllText(stream["json"]))
        {
            File.Delete(manifest); // never a manifest beside another image's stream
            File.Copy(stream["zfs.gz"], data, overwrite: true);
            File.Copy(stream["json"], manifest);
        }
        return new ZoneImage(recipe.Name, recipe.Version, uuid, manifest, data, recipe.IsVolume ? content["disk.raw"] : null);
    }

    private static void RemoveOld(string folder, IReadOnlyList<ImageRecipe> recipes)
    {
        var kept = recipes.Select(r => $"{r.Name}-{r.Version}").ToHashSet();
        foreach (string file in Directory.EnumerateFiles(folder).Where(f => !Path.GetFileName(f).StartsWith(ImageSums.Name, StringComparison.Ordinal) && !kept.Any(k => Path.GetFileName(f).StartsWith(k + ".", StringComparison.Ordinal))).ToList())
        {
            File.Delete(file);
        }
    }
}
