using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace Lumos.Core;

/// <summary>An Ethernet address. Octets may be written short ("0:c:29:a:b:1") and are always printed in full, lower case.</summary>
public readonly record struct MacAddress
{
    private readonly ulong _value;

    private MacAddress(ulong value) => _value = value;

    public static MacAddress Parse(string text) => TryParse(text, out var mac)
        ? mac
        : throw new LumosException("InvalidMac", $"\"{text}\" is not a MAC address (six hexadecimal octets joined by colons)");

    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress mac)
    {
        mac = default;
        string[] octets = text?.Split(':') ?? [];
        ulong value = 0;
        foreach (string octet in octets)
        {
            if (octet.Length is 0 or > 2
                || !byte.TryParse(octet, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte b))
            {
                return false;
            }
            value = (value << 8) | b;
        }
        if (octets.Length != 6)
        {
            return false;
        }
        mac = new MacAddress(value);
        return true;
    }

    /// <param name="octets">Six octets, first on the wire first.</param>
    public static MacAddress FromBytes(ReadOnlySpan<byte> octets)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(octets.Length, 6);
        ulong value = 0;
        foreach (byte b in octets)
        {
            value = (value << 8) | b;
        }
        return new MacAddress(value);
    }

    /// <summary>A random unicast address with the "locally administered" bit set, so that no vendor's can clash.</summary>
    public static MacAddress Random()
    {
        Span<byte> octets = stackalloc byte[6];
        RandomNumberGenerator.Fill(octets);
        octets[0] = (byte)((octets[0] & 0xfc) | 0x02);
        return FromBytes(octets);
    }

    public bool IsMulticast => ((_value >> 40) & 1) != 0;

    public bool IsLocallyAdministered => ((_value >> 40) & 2) != 0;

    /// <summary>Six octets, first on the wire first.</summary>
    public byte[] ToBytes() =>
        [(byte)(_value >> 40), (byte)(_value >> 32), (byte)(_value >> 24), (byte)(_value >> 16), (byte)(_value >> 8), (byte)_value];

    public override string ToString() => string.Join(':', ToBytes().Select(b => b.ToString("x2", CultureInfo.InvariantCulture)));
}
