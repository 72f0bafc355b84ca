using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Lumos.Core;

/// <summary>
/// The identity of a VM or an image. Accepted in one form only, as SmartOS does: 36 characters with the dashes in their
/// places; upper-case letters are taken and written back in lower case.
/// </summary>
public readonly record struct Uuid : IComparable<Uuid>
{
    /// <summary>The all-zero UUID: SmartOS's "nobody in particular" owner.</summary>
    public static readonly Uuid Zero;

    private readonly Guid _value;

    private Uuid(Guid value) => _value = value;

    public static Uuid Parse(string text) => TryParse(text, out var uuid)
        ? uuid
        : throw new LumosException("InvalidUuid", $"\"{text}\" is not a UUID (36 characters: 8-4-4-4-12 hexadecimal digits)");

    public static bool TryParse([NotNullWhen(true)] string? text, out Uuid uuid)
    {
        // TryParseExact trims blanks on its own; the length keeps them out.
        uuid = default;
        if (text is not { Length: 36 } || char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[35])
            || !Guid.TryParseExact(text, "D", out var value))
        {
            return false;
        }
        uuid = new Uuid(value);
        return true;
    }

    public static bool IsValid([NotNullWhen(true)] string? text) => TryParse(text, out _);

    /// <summary>A random UUID (version 4).</summary>
    public static Uuid New() => new(Guid.NewGuid());

    /// <summary>The UUID that belongs to a name within a name space (version 5): same name, same UUID.</summary>
    public static Uuid FromName(Uuid nameSpace, string name)
    {
        byte[] input = [.. nameSpace._value.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(name)];
#pragma warning disable CA5350 // RFC 9562 prescribes SHA-1 here; nothing is protected by it.
        byte[] hash = SHA1.HashData(input);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0f) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Uuid(new Guid(hash.AsSpan(0, 16), bigEndian: true));
    }

    /// <summary>4 bits: 4 random, 5 from a name, 0 of the zero UUID.</summary>
    public int Version => BinaryPrimitives.ReadUInt16BigEndian(_value.ToByteArray(bigEndian: true).AsSpan(6)) >> 12;

    public int CompareTo(Uuid other) => string.CompareOrdinal(ToString(), other.ToString());

    public override string ToString() => _value.ToString("D");

    public static bool operator <(Uuid a, Uuid b) => a.CompareTo(b) < 0;

    public static bool operator >(Uuid a, Uuid b) => a.CompareTo(b) > 0;

    public static bool operator <=(Uuid a, Uuid b) => a.CompareTo(b) <= 0;

    public static bool operator >=(Uuid a, Uuid b) => a.CompareTo(b) >= 0;
}
