using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// Makes mandoc.db, by which man and apropos find pages, over Debian's pages and ours together. The index is made by the
/// platform's own mandoc, started through the platform's own loader: its format belongs to its version.
/// </summary>
internal static class ManualIndex
{
    private const string Pages = "usr/share/man", Libraries = "usr/lib/x86_64-linux-gnu";

    /// <summary>Writes the index into <paramref name="tree"/>, which holds our pages.</summary>
    internal static void Make(BuildLog log, StageResult platform, string tree) =>
        Scratch.With(Path.GetDirectoryName(tree)!, "man", work =>
        {
            string whole = Path.Combine(work, "tree");
            log.Run(
                ["unsquashfs", "-no-progress", "-dest", whole, platform["platform.squashfs"], Pages, "usr/bin/mandoc", "usr/lib64",
                    Libraries + "/ld-linux*", Libraries + "/libc.so*", Libraries + "/libz.so*"]);
            string pages = Path.Combine(whole, Pages);
            log.Run(["cp", "--recursive", Path.Combine(tree, Pages) + "/.", pages]);
            log.Run(
                [Path.Combine(whole, "usr/lib64/ld-linux-x86-64.so.2"), "--argv0", "makewhatis", "--library-path", Path.Combine(whole, Libraries),
                    Path.Combine(whole, "usr/bin/mandoc"), pages]);
            File.Copy(Path.Combine(pages, "mandoc.db"), Path.Combine(tree, Pages, "mandoc.db"));
        });
}
