namespace Lumos.Zones.Consoles;

/// <summary>
/// Finds the escape in what is typed: at the start of a line, the escape character and a dot. The character twice sends it
/// once; followed by anything else, both go through. Alone: the character anywhere, by itself, is the escape.
/// </summary>
public sealed class EscapeScanner(byte escape, bool alone = false)
{
    private bool _lineStart = true;
    private bool _held;

    /// <summary>What to send on, and whether to leave.</summary>
    public (byte[] Pass, bool Leave) Scan(ReadOnlySpan<byte> typed)
    {
        var pass = new List<byte>(typed.Length + 1);
        foreach (byte b in typed)
        {
            if (alone && b == escape)
            {
                return ([.. pass], true);
            }
            if (_held)
            {
                _held = false;
                if (b == (byte)'.')
                {
                    return ([.. pass], true);
                }
                pass.Add(escape);
                if (b == escape)
                {
                    _lineStart = false;
                    continue;
                }
            }
            else if (_lineStart && b == escape)
            {
                _held = true;
                continue;
            }
            pass.Add(b);
            _lineStart = b is (byte)'\r' or (byte)'\n';
        }
        return ([.. pass], false);
    }
}
