using Lumos.Linux;
using Lumos.Linux.Spawn;

namespace Lumos.Init;

/// <summary>
/// <c>init 0|5|6</c> typed by a person: /sbin/init is this program, the command is an applet of the multi-call binary.
/// </summary>
internal static class InitCommand
{
    internal const string MultiCall = "/usr/lib/lumos/lumos";

    internal static int Run(string[] words)
    {
        try
        {
            Execute.Replace(MultiCall, ["init", .. words.Skip(1)], Execute.CurrentEnvironment());
        }
        catch (ErrnoException e)
        {
            Say.Line($"init: {e.Message}");
        }
        return 1;
    }
}
