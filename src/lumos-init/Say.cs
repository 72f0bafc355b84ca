using System.Text;
using Lumos.Linux.Handles;

namespace Lumos.Init;

/// <summary>
/// Lines for whoever watches the console. System.Console is not used in this program: it starts a signal handler of its own
/// and touches the terminal's settings.
/// </summary>
internal static class Say
{
    private static readonly FileDescriptor Output = new(2, owns: false);

    internal static void Line(string text)
    {
        try
        {
            Output.WriteAll(Encoding.UTF8.GetBytes(text + "\n"));
        }
        catch (IOException)
        {
            // Nobody listens; there is nobody to tell.
        }
    }
}
