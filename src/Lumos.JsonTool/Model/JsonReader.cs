using System.Globalization;
using System.Text;

namespace Lumos.JsonTool.Model;

/// <summary>
/// Reads JSON (RFC 8259, no extensions) from a text at a place. Faults are named as SmartOS's tool names them, since people
/// search for these sentences: "Expected ',' instead of 'x'", "Unexpected 'x'", "Bad string".
/// </summary>
internal ref partial struct JsonReader(string text, int position = 0)
{
    /// <summary>Deeper nesting is refused before the stack ends.</summary>
    internal const int DeepestNesting = 3000;

    private int _depth;

    internal int Position { get; private set; } = position;

    internal readonly bool AtEnd => Position >= text.Length;

    /// <summary>A text that is one value and nothing else.</summary>
    /// <exception cref="SyntaxFault">It is not.</exception>
    internal static JsonValue ReadAll(string text)
    {
        var reader = new JsonReader(text);
        var value = reader.Read();
        reader.SkipSpace();
        return reader.AtEnd ? value : throw new SyntaxFault("Syntax error", reader.Position);
    }

    /// <summary>The value that begins here, spaces before it apart.</summary>
    /// <exception cref="SyntaxFault">There is none.</exception>
    internal JsonValue Read()
    {
        SkipSpace();
        if (AtEnd)
        {
            throw Unexpected();
        }
        char c = text[Position];
        switch (c)
        {
            case '{' or '[':
                if (++_depth > DeepestNesting)
                {
                    throw new SyntaxFault($"Nested deeper than {DeepestNesting} levels", Position);
                }
                Position++;
                JsonValue inner = c == '{' ? ReadObject() : ReadArray();
                _depth--;
                return inner;
            case '"':
                return new JsonString(ReadString());
            case 't':
                return Word("true", JsonBool.True);
            case 'f':
                return Word("false", JsonBool.False);
            case 'n':
                return Word("null", JsonValue.Null);
            default:
                return c == '-' || char.IsAsciiDigit(c) ? ReadNumber() : throw Unexpected();
        }
    }

    internal void SkipSpace()
    {
        while (Position < text.Length && text[Position] is ' ' or '\n' or '\r' or '\t')
        {
            Position++;
        }
    }

    private JsonObject ReadObject()
    {
        var value = new JsonObject();
        SkipSpace();
        if (AtEnd)
        {
            throw new SyntaxFault("Bad object", Position);
        }
        if (text[Position] == '}')
        {
            Position++;
            return value;
        }
        while (true)
        {
            SkipSpace();
            if (AtEnd || text[Position] != '"')
            {
                throw new SyntaxFault("Bad string", Position);
            }
            string name = ReadString();
            SkipSpace();
            Expect(':');
            value.Set(name, Read());
            SkipSpace();
            if (!AtEnd && text[Position] == '}')
            {
                Position++;
                return value;
            }
            Expect(',');
        }
    }

    private JsonArray ReadArray()
    {
        var items = new List<JsonValue>();
        SkipSpace();
        if (AtEnd)
        {
            throw new SyntaxFault("Bad array", Position);
        }
        if (text[Position] == ']')
        {
            Position++;
            return new JsonArray(items);
        }
        while (true)
        {
            items.Add(Read());
            SkipSpace();
            if (!AtEnd && text[Position] == ']')
            {
                Position++;
                return new JsonArray(items);
            }
            Expect(',');
        }
    }

    private JsonNumber ReadNumber()
    {
        int start = Position;
        Take('-');
        if (!Take('0') && !TakeDigits())
        {
            throw new SyntaxFault("Bad number", Position);
        }
        if ((Take('.') && !TakeDigits()) || ((Take('e') || Take('E')) && !TakeExponent()) || (!AtEnd && char.IsAsciiDigit(text[Position])))
        {
            throw new SyntaxFault("Bad number", Position);
        }
        return new JsonNumber(double.Parse(text.AsSpan(start, Position - start), NumberStyles.Float, CultureInfo.InvariantCulture));
    }

    private bool TakeExponent()
    {
        _ = Take('+') || Take('-');
        return TakeDigits();
    }

    private bool Take(char c)
    {
        bool there = !AtEnd && text[Position] == c;
        Position += there ? 1 : 0;
        return there;
    }

    private bool TakeDigits()
    {
        int start = Position;
        while (!AtEnd && char.IsAsciiDigit(text[Position]))
        {
            Position++;
        }
        return Position > start;
    }

    private JsonValue Word(string word, JsonValue value)
    {
        foreach (char c in word)
        {
            Expect(c);
        }
        return value;
    }

    private void Expect(char c)
    {
        if (!Take(c))
        {
            throw new SyntaxFault($"Expected '{c}' instead of '{Here()}'", Position);
        }
    }

    private readonly SyntaxFault Unexpected() => new($"Unexpected '{Here()}'", Position);

    /// <summary>The character here as a person sees it; nothing at the end.</summary>
    private readonly string Here() => AtEnd ? "" : Rune.TryGetRuneAt(text, Position, out var rune) ? rune.ToString() : "\ufffd";
}
