using System.Collections.Immutable;
using Lumos.Core;

namespace Lumos.Network.Hosted;

/// <summary>One change of a host's network; each can be named when it fails.</summary>
public abstract record HostedStep
{
    /// <summary>The whole nftables table, as text of a transaction.</summary>
    public sealed record Rules(string Text) : HostedStep
    {
        public override string ToString() => "set the nftables table";
    }

    /// <param name="Mark">Written on the link, so that it is known as ours.</param>
    public sealed record MakeBridge(string Name, MacAddress Mac, string Mark) : HostedStep
    {
        public override string ToString() => $"make bridge {Name} ({Mac})";
    }

    public sealed record RemoveBridge(string Name) : HostedStep
    {
        public override string ToString() => $"remove bridge {Name}";
    }

    public sealed record AddAddress(string Link, IpNet Net) : HostedStep
    {
        public override string ToString() => $"give {Link} the address {Net}";
    }

    public sealed record DropAddress(string Link, IpNet Net) : HostedStep
    {
        public override string ToString() => $"take the address {Net} from {Link}";
    }

    public sealed record SetUp(string Link) : HostedStep
    {
        public override string ToString() => $"switch {Link} on";
    }

    /// <param name="Bridge">Ours.</param>
    public sealed record Forward(string Bridge) : HostedStep
    {
        public override string ToString() => $"forward what comes from {Bridge}";
    }

    /// <param name="Links">The host's; what they were set to is remembered.</param>
    public sealed record ForwardUplinks(ImmutableArray<string> Links) : HostedStep
    {
        public override string ToString() => $"forward what comes from {string.Join(", ", Links)}";
    }
}
