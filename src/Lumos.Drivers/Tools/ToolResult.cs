namespace Lumos.Drivers.Tools;

/// <summary>How a run of a tool ended: its words, exit status (128 + signal when killed) and what it printed.</summary>
public sealed record ToolResult(IReadOnlyList<string> Argv, int Status, string Output, string ErrorOutput)
{
    public bool Succeeded => Status == 0;

    /// <summary>Returns itself on status 0, else throws <see cref="ToolException"/>.</summary>
    public ToolResult OrThrow() => Succeeded ? this : throw new ToolException(this);
}
