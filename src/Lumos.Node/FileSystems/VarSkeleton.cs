using Lumos.Node.Host;

namespace Lumos.Node.FileSystems;

/// <summary>
/// Brings the directories of the image's /var that zones/var does not have (all of them on the first boot, a few after a new
/// platform) onto it, before it is mounted over the image's. A directory that is there already is the operator's: a file
/// deleted from it stays deleted.
/// </summary>
internal static class VarSkeleton
{
    /// <returns>The directories and links copied.</returns>
    internal static IReadOnlyList<string> Seed(string image, string persistent, INodeHost host)
    {
        var copied = new List<string>();
        var options = new EnumerationOptions { AttributesToSkip = 0, RecurseSubdirectories = false };
        foreach (var entry in new DirectoryInfo(image).EnumerateFileSystemInfos("*", options))
        {
            string target = Path.Combine(persistent, entry.Name);
            bool link = entry.LinkTarget is not null;
            if (!link && entry is not DirectoryInfo)
            {
                continue;
            }
            if (!Path.Exists(target) && new FileInfo(target).LinkTarget is null)
            {
                host.CopyTree(entry.FullName, target);
                copied.Add(target);
            }
            else if (!link && Directory.Exists(target) && new DirectoryInfo(target).LinkTarget is null)
            {
                copied.AddRange(Seed(entry.FullName, target, host));
            }
        }
        return copied;
    }
}
