using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Spawn;

namespace Lumos.Drivers.Tools;

/// <summary>
/// Runs the programs that we drive (zfs, crun, sshd-keygen …). Callers go by exit status and parsable output, never by
/// matching what a tool prints for people. The locale is C.
/// </summary>
public static class Tool
{
    /// <summary>Runs to the end, collecting both outputs. Never throws for a status other than 0: see <see cref="ToolResult.OrThrow"/>.</summary>
    public static ToolResult Run(params string[] argv) => Run(argv, input: null);

    /// <inheritdoc cref="Run(string[])"/>
    public static ToolResult Run(IReadOnlyList<string> argv, string? input, IReadOnlyDictionary<string, string>? environment = null)
    {
        using var output = Pipe.Create();
        using var errors = Pipe.Create();
        using var feed = input is null ? null : Pipe.Create();
        using var child = ChildProcess.Start(new SpawnRequest
        {
            Argv = argv,
            Environment = environment ?? InCLocale(),
            Input = feed?.Read,
            Output = output.Write,
            ErrorOutput = errors.Write,
        });
        output.Write.Dispose();
        errors.Write.Dispose();
        feed?.Read.Dispose();

        // Each stream is drained by its own thread, so that a tool which fills one while we read another never blocks.
        string said = "", complained = "";
        var readErrors = new Thread(() => complained = ReadAll(errors));
        readErrors.Start();
        Thread? write = null;
        if (feed is not null)
        {
            write = new Thread(() => WriteAll(feed, input!));
            write.Start();
        }
        said = ReadAll(output);
        readErrors.Join();
        write?.Join();
        return new ToolResult(argv, child.Wait(), said, complained);
    }

    /// <summary>Our environment with LC_ALL=C, so that tools speak one language.</summary>
    public static Dictionary<string, string> InCLocale()
    {
        var environment = new Dictionary<string, string>();
        foreach (System.Collections.DictionaryEntry pair in Environment.GetEnvironmentVariables())
        {
            environment[(string)pair.Key] = (string?)pair.Value ?? "";
        }
        environment["LC_ALL"] = "C";
        return environment;
    }

    private static string ReadAll(Pipe pipe)
    {
        using var reader = new StreamReader(pipe.OpenRead(), new UTF8Encoding(false));
        return reader.ReadToEnd();
    }

    private static void WriteAll(Pipe pipe, string text)
    {
        try
        {
            using var stream = pipe.OpenWrite();
            stream.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (IOException)
        {
            // The tool closed its input early; its exit status tells whether that matters.
        }
    }
}
