using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Lumos.Vm.Metadata.Protocol;

/// <summary>
/// A frame of the protocol's second version, one line: <c>V2 LENGTH CRC32 REQUESTID CODE[ BASE64]</c>. Length and check sum
/// are those of what follows them. The same form serves requests (the code is a command) and answers (an outcome).
/// </summary>
/// <param name="RequestId">Hexadecimal, the client's choice; an answer repeats it as it came.</param>
/// <param name="Code">GET, PUT, DELETE, KEYS; SUCCESS, NOTFOUND, FAILURE.</param>
/// <param name="Payload">Decoded; null: the frame had none.</param>
public sealed record V2Frame(string RequestId, string Code, byte[]? Payload)
{
    private const byte Blank = (byte)' ';

    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    /// <summary>The bytes of the frame, its line end included. An empty payload is left out, as SmartOS does.</summary>
    public byte[] Encode()
    {
        byte[] start = Encoding.ASCII.GetBytes(Payload is { Length: > 0 } ? $"{RequestId} {Code} " : $"{RequestId} {Code}");
        byte[] body = new byte[start.Length + Base64.GetMaxEncodedToUtf8Length(Payload?.Length ?? 0)];
        start.CopyTo(body, 0);
        Base64.EncodeToUtf8(Payload ?? [], body.AsSpan(start.Length), out _, out int encoded);
        var whole = body.AsSpan(0, start.Length + encoded);
        byte[] head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"V2 {whole.Length} {Crc32.Of(whole):x8} "));
        byte[] frame = new byte[head.Length + whole.Length + 1];
        head.CopyTo(frame, 0);
        whole.CopyTo(frame.AsSpan(head.Length));
        frame[^1] = (byte)'\n';
        return frame;
    }

    /// <summary>Reads a line without its line end. Null: damaged on the way, or no frame at all.</summary>
    public static V2Frame? TryParse(ReadOnlySpan<byte> line)
    {
        line = line.TrimEnd(" \t\r"u8);
        if (!Word(ref line).SequenceEqual("V2"u8)
            || !int.TryParse(Word(ref line), NumberStyles.None, CultureInfo.InvariantCulture, out int length)
            || !TryHex(Word(ref line), out uint crc))
        {
            return null;
        }
        if (length != line.Length || Crc32.Of(line) != crc)
        {
            return null;
        }
        var id = Word(ref line);
        var code = Word(ref line);
        if (id.IsEmpty || id.ContainsAnyExcept(HexDigits) || code.IsEmpty || code.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
        {
            return null;
        }
        byte[]? payload = null;
        if (!line.IsEmpty && !TryDecode(line, out payload))
        {
            return null;
        }
        return new V2Frame(Encoding.ASCII.GetString(id), Encoding.ASCII.GetString(code), payload);
    }

    /// <summary>Base64 with or without the '=' at its end, as clients in the field send it.</summary>
    internal static bool TryDecode(ReadOnlySpan<byte> text, out byte[] bytes)
    {
        text = text.TrimEnd((byte)'=');
        byte[] padded = new byte[(text.Length + 3) / 4 * 4];
        text.CopyTo(padded);
        padded.AsSpan(text.Length).Fill((byte)'=');
        bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(padded.Length)];
        if (text.Length % 4 == 1 || Base64.DecodeFromUtf8(padded, bytes, out _, out int written) != OperationStatus.Done)
        {
            bytes = [];
            return false;
        }
        bytes = bytes[..written];
        return true;
    }

    private static bool TryHex(ReadOnlySpan<byte> word, out uint number) =>
        uint.TryParse(word, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);

    /// <summary>Takes the first word off, with the blanks behind it.</summary>
    private static ReadOnlySpan<byte> Word(ref ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOf(Blank);
        var word = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[end..].TrimStart(Blank);
        return word;
    }
}
