using Lumos.JsonTool.Model;

namespace Lumos.JsonTool.Input;

/// <summary>The input is not JSON.</summary>
/// <param name="fault">What is wrong.</param>
/// <param name="text">What it is in.</param>
/// <param name="earlierLines">Lines of the input before that text.</param>
internal sealed class InputFault(SyntaxFault fault, string text, int earlierLines = 0) : Exception(fault.Message, fault)
{
    internal string Text => text;

    internal string Explain() => fault.Explain(text, earlierLines);
}
