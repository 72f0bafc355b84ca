using System.Text;

namespace Lumos.Cli;

/// <summary>
/// One command of the multi-call binary. The binary is started through a link that bears the command's name
/// (or as <c>lumos NAME …</c>); <see cref="Run"/> gets the words after it and returns the exit status.
/// </summary>
public sealed record Applet(string Name, string Summary, Func<AppletContext, int> Run);

/// <summary>What a command may touch of its process: words in, text out. Tests give their own streams.</summary>
public sealed class AppletContext
{
    /// <summary>The name the command was called by (aliases such as <c>dsadm</c> differ in it).</summary>
    public required string Name { get; init; }

    /// <summary>The words after the name.</summary>
    public required IReadOnlyList<string> Args { get; init; }

    // Console.In, Out and Error each make the runtime send the terminal's set-up sequence to standard output; plain streams
    // do not, and are opened only by a command that uses them.
    public TextReader In { get => field ??= new StreamReader(Console.OpenStandardInput(), Utf8); init; }

    public TextWriter Out { get => field ??= Writer(Console.OpenStandardOutput()); init; }

    public TextWriter Error { get => field ??= Writer(Console.OpenStandardError()); init; }

    /// <summary>Raw standard input, for streams that are not text.</summary>
    public Func<Stream> OpenInput { get; init; } = Console.OpenStandardInput;

    /// <summary>Raw standard output, for streams that are not text.</summary>
    public Func<Stream> OpenOutput { get; init; } = Console.OpenStandardOutput;

    public Func<bool> InputIsTerminal { get; init; } = () => !Console.IsInputRedirected;

    public Func<bool> OutputIsTerminal { get; init; } = () => !Console.IsOutputRedirected;

    public Func<bool> ErrorIsTerminal { get; init; } = () => !Console.IsErrorRedirected;

    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private static TextWriter Writer(Stream stream) => TextWriter.Synchronized(new StreamWriter(stream, Utf8) { AutoFlush = true });
}
