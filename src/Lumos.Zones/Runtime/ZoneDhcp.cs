namespace Lumos.Zones.Runtime;

/// <summary>
/// The DHCP client of a NIC: the platform's busybox, run inside the zone since it needs nothing of the zone's own. It stays,
/// renews the lease, and ends with the zone.
/// </summary>
internal static class ZoneDhcp
{
    internal static ZoneCommand Client(ZoneSpec spec, ZoneNic nic)
    {
        string platform = spec.Brand.PlatformPrefix;
        string busybox = platform + "/bin/busybox";
        return new ZoneCommand
        {
            Argv =
            [
                busybox, "udhcpc", "-i", nic.Interface, "-f", "-t", "5", "-T", "2", "-A", "10", "-S",
                "-x", "hostname:" + spec.Hostname,
                "-s", platform + "/lib/svc/method/zone-dhcp-script",
            ],
            Environment = new Dictionary<string, string>
            {
                ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin",
                ["BUSYBOX"] = busybox,
                ["PRIMARY"] = nic.Primary ? "yes" : "no",
                // Resolvers that were given for the zone win over those of the lease.
                ["RESOLVERS"] = spec.Resolvers.IsEmpty ? "lease" : "fixed",
            }.ToImmutableSorted(),
            Detached = true,
        };
    }
}
