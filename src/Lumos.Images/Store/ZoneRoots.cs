namespace Lumos.Images.Store;

/// <summary>
/// The paths of the zones of /etc/zones/index (NAME:STATE:PATH:UUID). Their datasets look like images' by name. Images know
/// nothing else of zones.
/// </summary>
internal static class ZoneRoots
{
    /// <summary>A machine without that file has no zones; a file that cannot be read is an error.</summary>
    public static IReadOnlySet<string> Read(string index)
    {
        try
        {
            return File.ReadLines(index)
                .Where(line => !line.StartsWith('#'))
                .Select(line => line.Split(':'))
                .Where(fields => fields.Length >= 3 && fields[2].Length > 1)
                .Select(fields => fields[2].TrimEnd('/'))
                .ToHashSet(StringComparer.Ordinal);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new HashSet<string>();
        }
    }
}
