using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace Lumos.Core;

/// <summary>
/// An IP address with its prefix length, as an interface carries it: 10.0.0.5/24, fd00::1/64. The host bits are kept;
/// <see cref="Network"/> drops them.
/// </summary>
public sealed record IpNet
{
    public IpNet(IPAddress address, int prefixLength)
    {
        Address = address;
        PrefixLength = prefixLength;
        ArgumentOutOfRangeException.ThrowIfNegative(prefixLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefixLength, Bits);
    }

    public IPAddress Address { get; }

    public int PrefixLength { get; }

    public bool IsV6 => Address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>Parses ADDRESS/PREFIX; a bare address is the host alone (/32 or /128).</summary>
    public static IpNet Parse(string text) => TryParse(text, out var net)
        ? net
        : throw new LumosException("InvalidAddress", $"\"{text}\" is not an IP address with a prefix length, such as 10.0.0.5/24");

    /// <inheritdoc cref="Parse(string)"/>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out IpNet? net)
    {
        net = null;
        string[] parts = text?.Split('/') ?? [];
        if (parts.Length is 0 or > 2 || !TryParseAddress(parts[0], out var address))
        {
            return false;
        }
        int bits = address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32;
        int prefix = bits;
        if (parts.Length == 2
            && (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out prefix) || prefix > bits))
        {
            return false;
        }
        net = new IpNet(address, prefix);
        return true;
    }

    /// <summary>From an IPv4 address and a dotted netmask, such as 255.255.255.0.</summary>
    public static IpNet FromNetmask(string address, string netmask) => TryFromNetmask(address, netmask, out var net)
        ? net
        : throw new LumosException("InvalidAddress", $"\"{address}\" with netmask \"{netmask}\" is not an IPv4 address");

    /// <inheritdoc cref="FromNetmask(string, string)"/>
    public static bool TryFromNetmask(string? address, string? netmask, [NotNullWhen(true)] out IpNet? net)
    {
        net = null;
        if (!TryParseAddress(address, out var ip) || ip.AddressFamily != AddressFamily.InterNetwork
            || !TryPrefixOfNetmask(netmask, out int prefix))
        {
            return false;
        }
        net = new IpNet(ip, prefix);
        return true;
    }

    /// <summary>255.255.255.0 → 24; false for a mask with holes.</summary>
    public static bool TryPrefixOfNetmask(string? netmask, out int prefix)
    {
        prefix = 0;
        if (!TryParseAddress(netmask, out var mask) || mask.AddressFamily != AddressFamily.InterNetwork)
        {
            return false;
        }
        uint bits = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(mask.GetAddressBytes());
        prefix = BitOperations.LeadingZeroCount(~bits);
        return prefix == 32 || bits << prefix == 0;
    }

    /// <summary>A strict address: four decimal octets, or IPv6 without a zone; never the shorthand forms of inet_aton.</summary>
    public static bool TryParseAddress([NotNullWhen(true)] string? text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }
        if (!text.Contains(':'))
        {
            string[] octets = text.Split('.');
            if (octets.Length != 4 || octets.Any(o => o.Length is 0 or > 3 || !o.All(char.IsAsciiDigit) || (o.Length > 1 && o[0] == '0')))
            {
                return false;
            }
        }
        else if (text.AsSpan().IndexOfAny("%[]/") >= 0)
        {
            return false;
        }
        return IPAddress.TryParse(text, out address);
    }

    /// <summary>The dotted netmask of an IPv4 prefix, such as 255.255.255.0.</summary>
    public string Netmask => IsV6
        ? throw new InvalidOperationException("IPv6 has no netmask")
        : Masked(new IPAddress([255, 255, 255, 255])).ToString();

    /// <summary>The same prefix with the host bits cleared.</summary>
    public IpNet Network => new(Masked(Address), PrefixLength);

    /// <summary>The IPv4 broadcast address.</summary>
    public IPAddress Broadcast
    {
        get
        {
            byte[] bytes = Masked(Address).GetAddressBytes();
            for (int bit = PrefixLength; bit < Bits; bit++)
            {
                bytes[bit / 8] |= (byte)(0x80 >> (bit % 8));
            }
            return new IPAddress(bytes);
        }
    }

    /// <summary>Whether a link can have it, and answer to it: none of nobody, of oneself, of many.</summary>
    public static bool CanBeOfALink(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6
        ? !address.IsIPv6Multicast && !address.Equals(IPAddress.IPv6Any) && !IPAddress.IsLoopback(address)
        : address.GetAddressBytes()[0] is > 0 and < 224 and not 127;

    public bool Contains(IPAddress other) =>
        other.AddressFamily == Address.AddressFamily && Masked(other).Equals(Masked(Address));

    /// <summary>Whether an address belongs to both.</summary>
    public bool Overlaps(IpNet other) => PrefixLength <= other.PrefixLength ? Contains(other.Address) : other.Contains(Address);

    public bool Equals(IpNet? other) => other is not null && PrefixLength == other.PrefixLength && Address.Equals(other.Address);

    public override int GetHashCode() => HashCode.Combine(Address, PrefixLength);

    public override string ToString() => $"{Address}/{PrefixLength}";

    private int Bits => IsV6 ? 128 : 32;

    private IPAddress Masked(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int bit = PrefixLength; bit < Bits; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }
        return new IPAddress(bytes);
    }
}
