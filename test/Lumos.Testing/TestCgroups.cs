namespace Lumos.Testing;

/// <summary>The control groups of a test, in whatever hierarchies this machine has.</summary>
public static class TestCgroups
{
    private const string Root = "/sys/fs/cgroup";

    /// <summary>Removes a group that is empty by now from all hierarchies; a group in use is an error, one that is not there is none.</summary>
    /// <param name="path">Below the root of a hierarchy, with a slash before it.</param>
    public static void Remove(string path)
    {
        foreach (string hierarchy in Directory.Exists(Root) ? Directory.GetDirectories(Root).Append(Root) : [])
        {
            if (Directory.Exists(hierarchy + path))
            {
                Directory.Delete(hierarchy + path);
            }
        }
    }
}
