namespace Lumos.JsonTool.Input;

/// <summary>The blocks of HTTP headers that "curl -i" prints before the body.</summary>
internal static class HttpHeaders
{
    private const string Start = "HTTP/";

    /// <summary>How much of a text is header blocks, the empty line after each included; 0: none, or none that has an end.</summary>
    internal static int Length(ReadOnlySpan<char> text)
    {
        int length = 0;
        while (BlockLength(text[length..]) is var block and > 0)
        {
            length += block;
        }
        return length;
    }

    /// <summary>Whether what was read so far may yet turn out to be header blocks.</summary>
    internal static bool MayBegin(ReadOnlySpan<char> text)
    {
        var rest = text[Length(text)..];
        return rest.Length < Start.Length ? Start.AsSpan().StartsWith(rest) : Begins(rest);
    }

    private static int BlockLength(ReadOnlySpan<char> text)
    {
        if (!Begins(text))
        {
            return 0;
        }
        for (int at = 0; text[at..].IndexOf('\n') is var end and >= 0;)
        {
            at += end + 1;
            var next = text[at..];
            int empty = next is ['\n', ..] ? 1 : next is ['\r', '\n', ..] ? 2 : 0;
            if (empty > 0)
            {
                return at + empty;
            }
        }
        return 0;
    }

    private static bool Begins(ReadOnlySpan<char> text) =>
        text.StartsWith(Start) && (text.Length == Start.Length || char.IsAsciiDigit(text[Start.Length]));
}
