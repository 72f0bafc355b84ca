using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Hosted.Model;

/// <summary>What the command line of "up" asks for; what is null is chosen, and kept from then on.</summary>
public sealed record HostedWishes
{
    public const long DefaultPoolSize = 64L << 30, LeastPoolSize = 1L << 30;

    public string? Name { get; init; }

    /// <summary>Bytes of a file-backed pool (sparse).</summary>
    public long? PoolSize { get; init; }

    /// <summary>An empty mounted btrfs folder, or the name of an imported ZFS pool.</summary>
    public string? Pool { get; init; }

    public IpNet? Subnet { get; init; }

    /// <summary>A bridge of the host's for the tag admin.</summary>
    public string? Bridge { get; init; }

    public static HostedWishes From(ParsedArgs args)
    {
        IpNet? subnet = null;
        if (args.Get("subnet") is { } net && !IpNet.TryParse(net, out subnet))
        {
            throw new UsageException($"--subnet {net} is not a network such as 172.31.0.0/24");
        }
        long? size = null;
        if (args.Get("pool-size") is { } text)
        {
            size = ByteCount.TryParse(text, out var count) ? count.Bytes : throw new UsageException($"--pool-size {text} is not a size such as 20G");
            if (size < LeastPoolSize)
            {
                throw new UsageException($"--pool-size {text} is less than 1G");
            }
        }
        return new HostedWishes
        {
            Name = args.Get("name"), PoolSize = size, Pool = args.Get("pool"), Subnet = subnet, Bridge = args.Get("bridge"),
        };
    }
}
