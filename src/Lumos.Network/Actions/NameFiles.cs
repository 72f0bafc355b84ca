using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Linux.Machine;
using Lumos.Network.Model;

namespace Lumos.Network.Actions;

/// <summary>Writes resolv.conf, hosts and hostname from the specification and the leases at hand.</summary>
public sealed class NameFiles(NetworkPaths paths)
{
    private const string DefaultHostname = "lumos";

    public void Write(NetworkSpec spec)
    {
        var leases = Leases();
        var admin = leases.Find(l => l.Link == spec.AdminTag) ?? leases.FirstOrDefault();
        string domain = spec.Domain.Length > 0 ? spec.Domain : admin?.Domain ?? "";
        IEnumerable<string> servers = spec.Resolvers.Count > 0 ? spec.Resolvers : leases.SelectMany(l => l.Resolvers);
        AtomicFile.Write(Path.Combine(paths.Etc, "resolv.conf"), ResolverFiles.ResolvConf(servers, domain));

        string hosts = Path.Combine(paths.Etc, "hosts");
        IpNet? address = spec.Addresses.FirstOrDefault(a => a.Tag == spec.AdminTag)?.Ip4 ?? admin?.Net;
        AtomicFile.Write(hosts, ResolverFiles.Hosts(
            File.Exists(hosts) ? File.ReadAllText(hosts) : "127.0.0.1\tlocalhost\n", Hostname(spec), domain, address));
    }

    public void SetHostname(NetworkSpec spec)
    {
        string name = Hostname(spec);
        Kernel.SetHostName(name);
        AtomicFile.Write(Path.Combine(paths.Etc, "hostname"), name + "\n");
    }

    private static string Hostname(NetworkSpec spec) =>
        spec.Hostname ?? (Kernel.Name().Host is { Length: > 0 } now and not ("(none)" or "localhost") ? now : DefaultHostname);

    private List<Lease> Leases() => Directory.Exists(paths.State)
        ? Directory.EnumerateFiles(paths.State, "*.lease").Order(StringComparer.Ordinal)
            .Select(f => Lease.Read(File.ReadAllText(f), f)).OfType<Lease>().ToList()
        : [];
}
