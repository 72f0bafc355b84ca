namespace Lumos.Bench.Sandboxing;

/// <summary>Folders of benches that were killed before they could clean up.</summary>
internal static class WorkFolders
{
    private const string Prefix = "lumos-bench-";

    public static void RemoveStale()
    {
        foreach (string folder in Directory.GetDirectories("/var/tmp", Prefix + "*"))
        {
            if (!Directory.Exists("/proc/" + Path.GetFileName(folder)[Prefix.Length..]))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
