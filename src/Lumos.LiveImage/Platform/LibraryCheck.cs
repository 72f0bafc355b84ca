using Lumos.Core;
using Lumos.LiveImage.Archive;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// After packages were pruned: every program and library that is left finds the libraries it names. A recipe that removes
/// too much fails here, at build time, and not when someone runs the program.
/// </summary>
internal static class LibraryCheck
{
    private static readonly string[] SearchPath =
        ["usr/lib/x86_64-linux-gnu", "usr/lib", "usr/lib64", "usr/lib/x86_64-linux-gnu/systemd", "usr/lib/systemd", "usr/lib/x86_64-linux-gnu/security"];

    internal static void Run(string tree)
    {
        var there = SearchPath.Select(folder => Path.Combine(tree, folder)).Where(Directory.Exists)
            .SelectMany(Directory.EnumerateFiles).Select(Path.GetFileName).ToHashSet();
        var faults = new List<string>();
        foreach (string folder in new[] { "usr/bin", "usr/sbin", "usr/lib", "usr/libexec" }.Select(f => Path.Combine(tree, f)).Where(Directory.Exists))
        {
            var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
            foreach (string file in Directory.EnumerateFiles(folder, "*", options))
            {
                if (!file.Contains("/modules/", StringComparison.Ordinal) && !file.Contains("/firmware/", StringComparison.Ordinal)
                    && ElfFile.TryRead(file) is { } program)
                {
                    faults.AddRange(program.Needed.Where(n => !there.Contains(n)).Select(n => $"{Path.GetRelativePath(tree, file)} wants {n}"));
                }
            }
        }
        if (faults.Count > 0)
        {
            throw new LumosException("LibraryMissing",
                $"the image would hold programs without their libraries; take the program out as well, or keep the library (images/platform/remove.list): {string.Join("; ", faults.Order(StringComparer.Ordinal))}");
        }
    }
}
