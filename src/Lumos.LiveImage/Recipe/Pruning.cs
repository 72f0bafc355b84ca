using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Recipe;

/// <summary>Takes out of a tree what a remove.list names.</summary>
public static class Pruning
{
    /// <summary>Deletes what a pattern matches; patterns without a match are told in the log.</summary>
    public static void Apply(BuildLog log, string tree, IEnumerable<string> lines)
    {
        var patterns = lines.Select(l => new PathPattern(l)).ToList();
        var used = new HashSet<PathPattern>();
        foreach (string path in Below(tree, "").ToList())
        {
            var match = patterns.FirstOrDefault(p => p.Matches(path));
            if (match is null)
            {
                continue;
            }
            used.Add(match);
            var info = new FileInfo(Path.Combine(tree, path));
            if (info.LinkTarget is null && Directory.Exists(info.FullName))
            {
                Scratch.Delete(info.FullName);
            }
            else if (Directory.Exists(info.DirectoryName)) // else it went with a folder above it
            {
                info.Delete();
            }
        }
        foreach (var pattern in patterns.Where(p => !used.Contains(p)))
        {
            log.Write($"remove.list: nothing matches {pattern}");
        }
    }

    /// <summary>Every path below a folder, folders before what is in them; links are not followed.</summary>
    private static IEnumerable<string> Below(string tree, string relative)
    {
        foreach (var entry in new DirectoryInfo(Path.Combine(tree, relative)).EnumerateFileSystemInfos())
        {
            string path = relative.Length == 0 ? entry.Name : relative + "/" + entry.Name;
            yield return path;
            if (entry is DirectoryInfo && entry.LinkTarget is null)
            {
                foreach (string below in Below(tree, path))
                {
                    yield return below;
                }
            }
        }
    }
}
