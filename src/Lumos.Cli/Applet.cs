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

    // Opened only by a command that uses them: Console's streams change the terminal they are on.
    public TextReader In { get => field ??= Console.In; init; }

    public TextWriter Out { get => field ??= Console.Out; init; }

    public TextWriter Error { get => field ??= Console.Error; init; }

    /// <summary>Raw standard input, for streams that are not text.</summary>
    public Func<Stream> OpenInput { get; init; } = Console.OpenStandardInput;

    /// <summary>Raw standard output, for streams that are not text.</summary>
    public Func<Stream> OpenOutput { get; init; } = StandardOutput;

    public Func<bool> InputIsTerminal { get; init; } = () => !Console.IsInputRedirected;

    public Func<bool> OutputIsTerminal { get; init; } = () => !Console.IsOutputRedirected;

    public Func<bool> ErrorIsTerminal { get; init; } = () => !Console.IsErrorRedirected;

    // Console's own stream takes a pipe that nobody reads any more for a success.
    private static OutputStream StandardOutput() =>
        new(new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0));

    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;
}
