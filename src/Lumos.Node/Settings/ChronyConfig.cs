namespace Lumos.Node.Settings;

/// <summary>chrony's configuration with our time servers in place of the distribution's.</summary>
internal static class ChronyConfig
{
    private static readonly string[] SourceWords = ["pool", "server", "peer", "sourcedir"];

    internal static string WithServers(string text, IReadOnlyList<string> servers)
    {
        var kept = text.Split('\n').Where(line => !SourceWords.Contains(line.Trim().Split(' ', '\t')[0]));
        return string.Concat(servers.Select(s => $"server {s} iburst\n")) + string.Join('\n', kept).TrimEnd('\n') + "\n";
    }
}
