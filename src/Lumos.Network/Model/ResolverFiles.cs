using Lumos.Core;

namespace Lumos.Network.Model;

/// <summary>The texts of /etc/resolv.conf and /etc/hosts.</summary>
public static class ResolverFiles
{
    private const string Mark = "# this machine";

    /// <summary>Three name servers at most: the C library reads no more. An empty domain leaves the search line out.</summary>
    public static string ResolvConf(IEnumerable<string> servers, string domain) =>
        (domain.Length == 0 ? "" : $"search {domain}\n")
        + string.Concat(servers.Distinct().Take(3).Select(s => $"nameserver {s}\n"));

    /// <summary>The file with one line for the machine's own name, whatever line it had before.</summary>
    public static string Hosts(string text, string hostname, string domain, IpNet? address)
    {
        string full = domain.Length == 0 || hostname.Contains('.', StringComparison.Ordinal) ? "" : $"{hostname}.{domain} ";
        var kept = text.Split('\n').Where(l => !l.EndsWith(Mark, StringComparison.Ordinal));
        return string.Join('\n', kept).TrimEnd('\n') + $"\n{address?.Address.ToString() ?? "127.0.1.1"}\t{full}{hostname}\t{Mark}\n";
    }
}
