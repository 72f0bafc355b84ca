namespace Lumos.Zones.Statistics;

/// <summary>
/// Which zone a process is in, by its cgroups: what is in a zone cannot leave the zone's group, nor see that there are others.
/// </summary>
public static class ZoneOfProcess
{
    /// <summary>Null: the global zone, or no such process.</summary>
    /// <param name="parent">The cgroup that holds the zones' cgroups.</param>
    /// <param name="isZone">Whether there is a zone of that name.</param>
    public static ZoneName? Find(int pid, string parent, Func<ZoneName, bool> isZone)
    {
        try
        {
            return Parse(File.ReadAllText($"/proc/{pid}/cgroup"), parent, isZone);
        }
        catch (IOException)
        {
            return null; // it has ended
        }
    }

    /// <summary>
    /// Pure. Lines are <c>N:CONTROLLERS:PATH</c>; in hosted mode the kernel names paths from the host's top. Of several places that
    /// look like a zone's the outermost counts: a zone may name the groups within its own as it likes.
    /// </summary>
    public static ZoneName? Parse(string cgroups, string parent, Func<ZoneName, bool> isZone)
    {
        string mark = parent + "/";
        foreach (string line in cgroups.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string path = line[(line.IndexOf(':', line.IndexOf(':') + 1) + 1)..];
            for (int at = path.IndexOf(mark, StringComparison.Ordinal); at >= 0; at = path.IndexOf(mark, at + 1, StringComparison.Ordinal))
            {
                string rest = path[(at + mark.Length)..];
                int slash = rest.IndexOf('/');
                if (ZoneName.TryParse(slash < 0 ? rest : rest[..slash], out var name) && isZone(name))
                {
                    return name;
                }
            }
        }
        return null;
    }
}
