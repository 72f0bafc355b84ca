using Lumos.Core;

namespace Lumos.Drivers.Tools;

/// <summary>A tool that we drive failed; holds its argv, status and output.</summary>
public sealed class ToolException(ToolResult result)
    : LumosException("ToolFailed", Sentence(result))
{
    public ToolResult Result { get; } = result;

    private static string Sentence(ToolResult r)
    {
        string said = r.ErrorOutput.Trim();
        if (said.Length == 0)
        {
            said = r.Output.Trim();
        }
        string how = $"\"{string.Join(' ', r.Argv)}\" exited with status {r.Status}";
        return said.Length == 0 ? how : $"{how}: {said}";
    }
}
