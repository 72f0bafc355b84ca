using System.Text;

namespace Lumos.Zones.Docker;

/// <summary>The files that docker keeps in a container, in their texts. Pure.</summary>
internal static class DockerFiles
{
    /// <summary>/etc/hosts: the zone by its first address, localhost, and what was given.</summary>
    internal static string Hosts(ZoneSpec spec, DockerZone docker)
    {
        var text = new StringBuilder();
        string names = spec.DnsDomain is { Length: > 0 } domain && !spec.Hostname.Contains('.') ? $"{spec.Hostname}.{domain} {spec.Hostname}" : spec.Hostname;
        string[] own = [.. (spec.Nics.FirstOrDefault(n => n.Primary)?.Ips ?? []).Where(ip => ip.Contains('/')).Select(ip => ip.Split('/')[0])];
        foreach (string address in own.DefaultIfEmpty("127.0.1.1"))
        {
            text.Append(address).Append('\t').Append(names).Append('\n');
        }
        text.Append("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
        foreach (var (address, name) in docker.ExtraHosts)
        {
            text.Append(address).Append('\t').Append(name).Append('\n');
        }
        return text.Append(docker.LinkHosts).ToString();
    }

    /// <summary>/etc/resolv.conf.</summary>
    internal static string ResolvConf(ZoneSpec spec, DockerZone docker)
    {
        var text = new StringBuilder();
        string[] search = [.. docker.DnsSearch, .. spec.DnsDomain is { Length: > 0 } domain ? [domain] : Array.Empty<string>()];
        if (search.Length > 0)
        {
            text.Append("search ").AppendJoin(' ', search).Append('\n');
        }
        foreach (string resolver in spec.Resolvers)
        {
            text.Append("nameserver ").Append(resolver).Append('\n');
        }
        return text.ToString();
    }
}
