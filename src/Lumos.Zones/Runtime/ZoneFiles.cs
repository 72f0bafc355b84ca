using System.Text;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Zones.Checkpoints;
using Lumos.Zones.Docker;

namespace Lumos.Zones.Runtime;

/// <summary>
/// The few files of a zone's root that are ours to see to at boot, always through <see cref="RootedDirectory"/>: the tenant
/// may have put anything there.
/// </summary>
internal static class ZoneFiles
{
    private const int PublicMode = 0x1a4; // 0644

    /// <summary>
    /// Writes resolv.conf, hostname and hosts where the zone has none; resolv.conf always, when it is kept up by us. A zone that is at its quota
    /// boots without what finds no room: whoever is to make room has to get in.
    /// </summary>
    internal static void Prepare(ZoneSpec zone, Action<string> warn)
    {
        using var root = RootedDirectory.Open(zone.RootPath);
        void Try(string path, Action write)
        {
            try
            {
                write();
            }
            catch (ErrnoException e) when (e.Errno is Errno.EDQUOT or Errno.ENOSPC or Errno.EROFS)
            {
                warn($"zone '{zone.Name}' boots with {path} as it is: {e.Message}");
            }
        }

        Try("/etc", () => root.MakeDirectories("/etc"));
        Try(ZoneCheckpoints.InZone, () => MakeCheckpoints(root));
        ZoneFileSystems.MakeTargets(zone, root);
        if (zone.Docker is { } docker)
        {
            // Nothing inside keeps them: they say what the configuration says, at each boot.
            Try("/etc/hostname", () => WriteChanged(root, "/etc/hostname", zone.Hostname + "\n"));
            Try("/etc/hosts", () => WriteChanged(root, "/etc/hosts", DockerFiles.Hosts(zone, docker)));
            if (!zone.Resolvers.IsEmpty)
            {
                Try("/etc/resolv.conf", () => WriteChanged(root, "/etc/resolv.conf", DockerFiles.ResolvConf(zone, docker)));
            }
            return;
        }
        if (!zone.Resolvers.IsEmpty && (zone.MaintainResolvers || IsMissing(root, "/etc/resolv.conf")))
        {
            Try("/etc/resolv.conf", () => WriteChanged(root, "/etc/resolv.conf", ResolvConf(zone)));
        }
        if (IsMissing(root, "/etc/hostname"))
        {
            Try("/etc/hostname", () => root.Write("/etc/hostname", zone.Hostname + "\n"));
        }
        if (IsMissing(root, "/etc/hosts"))
        {
            Try("/etc/hosts", () => root.Write("/etc/hosts", $"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t{zone.Hostname}\n"));
        }
    }

    // What stands there as it should takes no room to be written again.
    private static void WriteChanged(RootedDirectory root, string path, string text)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(text);
        try
        {
            if (root.Status(path) is { Kind: FileKind.Regular, Mode: PublicMode, User: 0, Group: 0 } status && status.Size == wanted.Length
                && root.Read(path, wanted.Length).AsSpan().SequenceEqual(wanted))
            {
                return;
            }
        }
        catch (ErrnoException)
        {
            // Whatever the tenant has made of it is told by the writing.
        }
        root.Write(path, wanted);
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
