using System.Text;
using Lumos.Cli;

namespace Lumos.JsonTool.Tests;

/// <summary>Runs the command as a shell does.</summary>
internal static class Json
{
    public static (int Status, string Output, string Error) Run(string input, params string[] words) => Run(new MemoryStream(Encoding.UTF8.GetBytes(input)), [], words);

    public static (int Status, string Output, string Error) Run(Stream input, Dictionary<string, string> environment, params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int status = JsonApplet.Run(new AppletContext
        {
            Name = "json",
            Args = words,
            Out = output,
            Error = error,
            OpenInput = () => input,
            OutputIsTerminal = () => false,
            Environment = name => environment.GetValueOrDefault(name),
        });
        return (status, output.ToString(), error.ToString());
    }

    /// <summary>What it prints where all goes well.</summary>
    public static string Ok(string input, params string[] words)
    {
        var (status, output, error) = Run(input, words);
        Xunit.Assert.True(status == 0 && error.Length == 0, $"status {status}: {error}");
        return output;
    }
}
