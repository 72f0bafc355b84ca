using System.Security.Cryptography;
using Lumos.Core;
using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// Stage <c>novnc</c>: what shows a screen in a browser, from its package in the npm registry, pinned by hash (images/platform/npm.lock): the modules that a browser loads, and their licences.
/// npm fetches the archive and does nothing else with it: no script of the package runs.
/// </summary>
internal static class NovncStage
{
    internal const string Name = "novnc";

    /// <summary>Where the stage's files go.</summary>
    internal const string Target = "usr/share/lumos/console/novnc";

    private const string Version = "1", Package = "@novnc/novnc";

    private static readonly string[] Kept = ["core", "vendor/pako/lib", "vendor/pako/LICENSE", "AUTHORS", "LICENSE.txt", "docs/LICENSE.MPL-2.0", "docs/LICENSE.BSD-2-Clause"];

    internal static string Key(string lockFile) => new StageKey().Add(Name).Add(Version).AddFile(lockFile, "lock").Finish();

    internal static void Make(BuildLog log, string lockFile, string work)
    {
        var package = NpmPackage.Load(lockFile).FirstOrDefault(p => p.Name == Package) ?? throw new LumosException("BadRecipe", $"{lockFile} has no {Package}");
        string fetched = Path.Combine(work, "fetched");
        Directory.CreateDirectory(fetched);
        log.Run(["npm", "pack", $"{package.Name}@{package.Version}", "--pack-destination", fetched, "--ignore-scripts", "--no-update-notifier"], workingDirectory: fetched);
        string archive = Directory.GetFiles(fetched, "*.tgz") is [var only] ? only : throw new LumosException("NoPackage", $"npm left no archive of {package.Name}");
        string integrity = NpmPackage.HashPrefix + Convert.ToBase64String(SHA512.HashData(File.ReadAllBytes(archive)));
        if (integrity != package.Integrity)
        {
            throw new LumosException("PackageChanged", $"{package.Name} {package.Version} is not what {lockFile} names: its hash is {integrity}");
        }
        log.Run(["tar", "--extract", "--gzip", "--file", archive, "--directory", work, "--no-same-owner", "--strip-components=1", .. Kept.Select(path => "package/" + path)]);
        Scratch.Delete(fetched);
    }
}
