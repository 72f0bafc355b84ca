using System.Security.Cryptography;
using System.Text.Json;
using Lumos.LiveImage.Platform;
using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.ZoneImages;

/// <summary>
/// Builds the zone images that come with the platform: <c>lumos-base</c> (native zones) and <c>debian-13</c> (lx). Each is
/// two stages: the root as a tar archive, then its ZFS stream with the manifest, which needs a virtual machine of the
/// platform (<see cref="ZfsStream"/>). Neither depends on our programs, so a change of code makes no new image.
/// </summary>
public static class ZoneImageBuilder
{
    private const string StreamVersion = "1";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Builds what is not built yet and lays manifests and streams into <c>out/images</c>; others there are removed.</summary>
    /// <param name="options">As for the platform.</param>
    /// <param name="accelerator">QEMU's arguments for the CPU, such as <c>-accel kvm -cpu host</c>.</param>
    public static IReadOnlyList<ZoneImage> Build(BuildOptions options, IReadOnlyList<string> accelerator)
    {
        var run = new PlatformRun(options);
        string images = Path.Combine(options.RepositoryRoot, "images");
        // The platform's own stages are told, and its drift compared, when it is built.
        var platform = new PlatformRun(options with { Progress = _ => { }, Notice = _ => { } }).DebianLayers().Platform;

        string native = Path.Combine(images, "lumos-base");
        var nativeRoot = run.Cache.Get("lumos-base-root", NativeRoot.Key(native, platform),
            work => NativeRoot.Make(run.Log, native, platform, work));
        string debian = Path.Combine(images, "debian-13");
        var debianRoot = run.Cache.Get("debian-13-root", DebianRoot.Key(debian), work => DebianRoot.Make(run.Log, debian, work));
        run.Compare(Path.Combine(debian, "packages.lock"), debianRoot);

        ZoneImage[] built =
        [
            Image(run, options, platform, accelerator, images, ImageRecipe.Load(Path.Combine(native, "image.json")), nativeRoot, nativeRoot.Key),
            Image(run, options, platform, accelerator, images, ImageRecipe.Load(Path.Combine(debian, "image.json")), debianRoot,
                new StageKey().Add(debianRoot.Key).AddFile(debianRoot["record"], "record").Finish()),
        ];
        RemoveOthers(Path.Combine(options.OutDirectory, "images"), built);
        return built;
    }

    /// <summary>Resolves the packages of debian-13 anew and writes the record. Returns what changed in it.</summary>
    public static IReadOnlyList<string> Relock(BuildOptions options)
    {
        var run = new PlatformRun(options);
        string recipe = Path.Combine(options.RepositoryRoot, "images/debian-13");
        string record = Path.Combine(recipe, "packages.lock");
        var before = PackageRecord.Load(record);
        string key = DebianRoot.Key(recipe);
        run.Cache.Forget("debian-13-root", key);
        var root = run.Cache.Get("debian-13-root", key, work => DebianRoot.Make(run.Log, recipe, work));
        File.Copy(root["record"], record, overwrite: true);
        run.Cache.Rename("debian-13-root", key, DebianRoot.Key(recipe));
        return before.DriftOf(PackageRecord.Load(record));
    }

    private static ZoneImage Image(
        PlatformRun run, BuildOptions options, StageResult platform, IReadOnlyList<string> accelerator, string images, ImageRecipe recipe, StageResult root, string content)
    {
        string init = Path.Combine(images, "stream/init");
        var uuid = recipe.UuidOf(content);
        string key = new StageKey().Add(StreamVersion).Add(uuid.ToString()).Add(recipe.Json.ToJsonString()).AddFile(init, "init").Finish();
        var stream = run.Cache.Get(recipe.Name, key, work =>
        {
            string file = Path.Combine(work, "zfs.gz");
            ZfsStream.Make(run.Log, init, platform, accelerator, root["root.tar"], work, file);
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
        return new ZoneImage(recipe.Name, recipe.Version, uuid, manifest, data);
    }

    private static void RemoveOthers(string folder, IReadOnlyList<ZoneImage> built)
    {
        var kept = built.SelectMany(i => new[] { i.Manifest, i.File }).ToHashSet();
        foreach (string file in Directory.EnumerateFiles(folder).Where(f => !kept.Contains(f)).ToList())
        {
            File.Delete(file);
        }
    }
}
