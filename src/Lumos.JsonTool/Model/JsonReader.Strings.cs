using System.Buffers;
using System.Globalization;
using System.Text;

namespace Lumos.JsonTool.Model;

// Strings, of which most hold nothing that has to be looked at closely.
internal ref partial struct JsonReader
{
    private static readonly SearchValues<char> _stringEnds = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(c => (char)c), '"', '\\']);

    private string ReadString()
    {
        int start = ++Position;
        while (true)
        {
            // What a string cannot hold as it is, or what ends it.
            int length = text.AsSpan(Position).IndexOfAny(_stringEnds);
            if (length < 0)
            {
                throw new SyntaxFault("Bad string", text.Length);
            }
            Position += length;
            if (text[Position] == '"')
            {
                return text[start..Position++];
            }
            return text[Position] == '\\' ? ReadEscaped(start) : throw new SyntaxFault("Bad string", Position);
        }
    }

    /// <summary>The rest of a string that has escapes, the first of them here.</summary>
    private string ReadEscaped(int start)
    {
        var read = new StringBuilder(text, start, Position - start, Math.Max(16, 2 * (Position - start)));
        while (true)
        {
            int length = text.AsSpan(Position).IndexOfAny(_stringEnds);
            if (length < 0)
            {
                throw new SyntaxFault("Bad string", text.Length);
            }
            read.Append(text, Position, length);
            Position += length;
            char c = text[Position];
            if (c == '"')
            {
                Position++;
                return read.ToString();
            }
            if (c != '\\')
            {
                throw new SyntaxFault("Bad string", Position);
            }
            Position++;
            read.Append(ReadEscape());
        }
    }

    private char ReadEscape()
    {
        char c = AtEnd ? '\0' : text[Position];
        if (c == 'u')
        {
            bool whole = Position + 5 <= text.Length;
            if (whole && ushort.TryParse(text.AsSpan(Position + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit))
            {
                Position += 5;
                return (char)unit;
            }
            throw new SyntaxFault("Bad string", Position);
        }
        int which = AtEnd ? -1 : "\"\\/bfnrt".IndexOf(c, StringComparison.Ordinal);
        if (which < 0)
        {
            throw new SyntaxFault("Bad string", Position);
        }
        Position++;
        return "\"\\/\b\f\n\r\t"[which];
    }
}
