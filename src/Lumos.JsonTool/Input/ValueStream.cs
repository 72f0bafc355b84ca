using Lumos.JsonTool.Model;

namespace Lumos.JsonTool.Input;

/// <summary>
/// The objects of a stream (json -ga), each as soon as its last bracket has come. What was looked at is not looked at again, so
/// that one long object costs no more than many short ones.
/// </summary>
/// <param name="beforeReading">Called before each wait for more.</param>
internal sealed class ValueStream(TextReader input, Action beforeReading)
{
    private char[] _buffer = new char[64 * 1024];

    /// <summary>What of the buffer is input: from the first character not given away to the last that was read.</summary>
    private int _start, _end;

    private int _linesBefore;

    private bool _ended;

    /// <summary>The header blocks that the stream begins with, if any.</summary>
    internal string ReadHeaders()
    {
        while (HttpHeaders.MayBegin(Waiting) && ReadMore())
        {
        }
        return Take(HttpHeaders.Length(Waiting));
    }

    /// <summary>Objects, and the elements of lists.</summary>
    /// <exception cref="InputFault">Something else stands there.</exception>
    internal IEnumerable<JsonValue> Values()
    {
        char? kind = null;
        while (true)
        {
            string space = TakeSpace();
            if (_start == _end)
            {
                yield break;
            }
            char first = _buffer[_start];
            bool apart = space.Contains('\n') || (space.Length == 0 && first == '{');
            if (kind is not null && (first != kind || !apart))
            {
                throw new InputFault(new SyntaxFault("Syntax error", 0), TakeRest(), _linesBefore);
            }
            kind = first;
            int lines = _linesBefore;
            string text = first is '{' or '[' ? TakeValue() : TakeRest();
            switch (Parse(text, lines))
            {
                case JsonArray list:
                    foreach (var item in list.Items)
                    {
                        yield return item;
                    }
                    break;
                case var value:
                    yield return value;
                    break;
            }
        }
    }

    private ReadOnlySpan<char> Waiting => _buffer.AsSpan(_start, _end - _start);

    private static JsonValue Parse(string text, int lines)
    {
        try
        {
            return JsonReader.ReadAll(text);
        }
        catch (SyntaxFault fault)
        {
            throw new InputFault(fault, text, lines);
        }
    }

    private string TakeSpace()
    {
        int length = 0;
        while (true)
        {
            while (_start + length < _end && _buffer[_start + length] is ' ' or '\n' or '\r' or '\t')
            {
                length++;
            }
            if (_start + length < _end || !ReadMore())
            {
                return Take(length);
            }
        }
    }

    /// <summary>Up to the bracket that closes the first; all there is where none does.</summary>
    private string TakeValue()
    {
        int at = 0, depth = 0;
        bool quoted = false;
        while (true)
        {
            for (; _start + at < _end; at++)
            {
                char c = _buffer[_start + at];
                if (quoted && c == '\\')
                {
                    at++; // what it escapes; where that has yet to come, the loop goes on behind it
                }
                else if (c == '"')
                {
                    quoted = !quoted;
                }
                else if (!quoted && c is '{' or '[')
                {
                    depth++;
                }
                else if (!quoted && c is '}' or ']' && --depth == 0)
                {
                    return Take(at + 1);
                }
            }
            if (!ReadMore())
            {
                return Take(_end - _start);
            }
        }
    }

    private string TakeRest()
    {
        while (ReadMore())
        {
        }
        return Take(_end - _start);
    }

    private string Take(int length)
    {
        string text = new(_buffer, _start, length);
        _linesBefore += text.AsSpan().Count('\n');
        _start += length;
        return text;
    }

    private bool ReadMore()
    {
        if (_ended)
        {
            return false;
        }
        if (_end == _buffer.Length)
        {
            int length = _end - _start;
            char[] to = length > _buffer.Length / 2 ? new char[2 * _buffer.Length] : _buffer;
            Array.Copy(_buffer, _start, to, 0, length);
            (_buffer, _start, _end) = (to, 0, length);
        }
        beforeReading();
        int count = input.Read(_buffer, _end, _buffer.Length - _end);
        _end += count;
        _ended = count == 0;
        return !_ended;
    }
}
