using System.Text;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Zones.Checkpoints;

namespace Lumos.Zones.Runtime;

/// <summary>
/// The few files of a zone's root that are ours to see to at boot, always through <see cref="RootedDirectory"/>: the tenant
/// may have put anything there.
/// </summary>
internal static class ZoneFiles
{
    /// <summary>Writes resolv.conf, hostname and hosts where the zone has none; resolv.conf always, when it is kept up by us.</summary>
    internal static void Prepare(ZoneSpec zone)
    {
        using var root = RootedDirectory.Open(zone.RootPath);
        root.MakeDirectories("/etc");
        MakeCheckpoints(root);
        ZoneFileSystems.MakeTargets(zone, root);
        if (!zone.Resolvers.IsEmpty && (zone.MaintainResolvers || IsMissing(root, "/etc/resolv.conf")))
        {
            root.Write("/etc/resolv.conf", ResolvConf(zone));
        }
        if (IsMissing(root, "/etc/hostname"))
        {
            root.Write("/etc/hostname", zone.Hostname + "\n");
        }
        if (IsMissing(root, "/etc/hosts"))
        {
            root.Write("/etc/hosts", $"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t{zone.Hostname}\n");
        }
    }

    // Something else of that name is the tenant's own, and stays.
    private static void MakeCheckpoints(RootedDirectory root)
    {
        try
        {
            root.MakeDirectories(ZoneCheckpoints.InZone);
        }
        catch (ErrnoException e) when (e.Errno is Errno.EEXIST or Errno.ENOTDIR or Errno.ELOOP or Errno.ENOENT)
        {
            // told when it is to be used
        }
    }

    internal static string ResolvConf(ZoneSpec zone)
    {
        var text = new StringBuilder();
        if (zone.DnsDomain is { Length: > 0 } domain)
        {
            text.Append("search ").Append(domain).Append('\n');
        }
        foreach (string resolver in zone.Resolvers)
        {
            text.Append("nameserver ").Append(resolver).Append('\n');
        }
        return text.ToString();
    }

    private static bool IsMissing(RootedDirectory root, string path)
    {
        try
        {
            return root.Status(path) is null or { Kind: FileKind.Regular, Size: 0 };
        }
        catch (ErrnoException e) when (e.Errno == Errno.ELOOP)
        {
            return false; // the tenant's own making; leave it
        }
    }
}
