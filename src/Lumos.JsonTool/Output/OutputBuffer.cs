using System.Text;

namespace Lumos.JsonTool.Output;

/// <summary>Gathers what is printed: the writers of commands write each piece through at once, and here pieces are many and small.</summary>
internal sealed class OutputBuffer(TextWriter to) : TextWriter
{
    private const int Enough = 32 * 1024;

    private readonly StringBuilder _waiting = new();

    public override Encoding Encoding => to.Encoding;

    public override void Write(char value) => _waiting.Append(value);

    public override void Write(string? value)
    {
        _waiting.Append(value);
        if (_waiting.Length > Enough)
        {
            Flush();
        }
    }

    public override void Flush()
    {
        if (_waiting.Length > 0)
        {
            to.Write(_waiting);
            _waiting.Clear();
            to.Flush();
        }
    }
}
