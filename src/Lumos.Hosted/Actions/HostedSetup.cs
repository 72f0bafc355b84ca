using System.Net;
using Lumos.Core;
using Lumos.Core.Hosting;
using Lumos.Drivers.Files;
using Lumos.Drivers.Hosting;
using Lumos.Hosted.Model;
using Lumos.Linux.Netlink;

namespace Lumos.Hosted.Actions;

/// <summary>
/// What "up" does before anything runs: the prefix with its folders, the choices that are made once and kept in
/// usbkey/hosted.json, and the pool. What is there already stays as it is, and wishes that differ from it are refused.
/// </summary>
internal static class HostedSetup
{
    private const int MostRoots = 100;

    internal static HostedPaths Prepare(string prefix, HostedWishes wishes, Action<string> say)
    {
        string file = HostedPaths.ConfigFileOf(prefix);
        var config = HostedFile.Load(file);
        if (config is null)
        {
            RequireOurs(prefix);
            config = Choose(prefix, wishes);
            var paths = new HostedPaths(prefix, config.Name);
            PoolSetup.Make(paths, config, wishes, say); // first: what is wrong with a wish is told before anything stands in the way of the next try
            MakeFolders(paths);
            AtomicFile.Write(file, config.ToJson()); // last: with it the prefix is one of ours, whole
            return paths;
        }
        Refuse(file, "name", wishes.Name, config.Name);
        Refuse(file, "subnet", wishes.Subnet?.ToString(), config.Tag("admin")?.Subnet?.ToString());
        Refuse(file, "bridge", wishes.Bridge, config.Tag("admin")?.Bridge);
        if (wishes.Pool is not null || wishes.PoolSize is not null)
        {
            say($"the pool of {prefix} is there already; --pool and --pool-size are for a new one");
        }
        var known = new HostedPaths(prefix, config.Name);
        MakeFolders(known);
        return known;
    }

    private static HostedConfig Choose(string prefix, HostedWishes wishes)
    {
        int number = FirstFree(prefix, wishes);
        string name = wishes.Name ?? $"lumos{number}";
        var admin = wishes.Bridge is { } bridge
            ? new HostedTag { Name = "admin", Bridge = bridge, Existing = true }
            : new HostedTag { Name = "admin", Bridge = name, Subnet = wishes.Subnet ?? Subnet(number) };
        return new HostedConfig
        {
            Name = name,
            LinkPrefix = name,
            Pool = PoolSetup.Choose(wishes, name),
            Tags = [admin],
        }.Check(HostedPaths.ConfigFileOf(prefix));
    }

    /// <summary>The first number that neither a link, nor a running root, nor an address of the host uses.</summary>
    private static int FirstFree(string prefix, HostedWishes wishes)
    {
        using var stack = NetworkStack.Open();
        var names = stack.Links().Select(l => l.Name).ToHashSet(StringComparer.Ordinal);
        var addresses = stack.Addresses().Select(a => a.Net.Address).ToList();
        for (int number = 0; number < MostRoots; number++)
        {
            bool reached = wishes.Subnet is null && addresses.Any(a => Subnet(number).Contains(a));
            bool taken = wishes.Name is null
                && (names.Contains($"lumos{number}") || (!reached && !HostClaim.Take(new HostedPaths(prefix, $"lumos{number}"))));
            if (!taken && !reached)
            {
                return number;
            }
        }
        throw new LumosException("NoFreeSubnet", "all of 172.31.0.0/24 to 172.31.99.0/24 are in use on this host; name one with --subnet");
    }

    private static IpNet Subnet(int number) => new(IPAddress.Parse($"172.31.{number}.0"), 24);

    private static void MakeFolders(HostedPaths paths)
    {
        foreach (string folder in HostedPaths.Bound)
        {
            Directory.CreateDirectory(paths.Prefix + folder);
        }
        File.SetUnixFileMode(paths.Prefix + "/usbkey", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.CreateDirectory(paths.Prefix + "/var/log/vm/logs");
    }

    private static void RequireOurs(string prefix)
    {
        if (Directory.Exists(prefix) && Directory.EnumerateFileSystemEntries(prefix).Any(e => Path.GetFileName(e) is not ("lock" or "lost+found")))
        {
            throw new LumosException("PrefixInUse", $"{prefix} holds other things and no usbkey/hosted.json of ours; name an empty or new folder with --root");
        }
    }

    private static void Refuse(string file, string what, string? wish, string? has)
    {
        if (wish is not null && wish != has)
        {
            throw new LumosException("HostedDiffers", $"{file} has {what} {has ?? "(none)"}, not {wish}; change it there while it is down");
        }
    }
}
