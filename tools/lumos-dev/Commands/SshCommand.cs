using System.CommandLine;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary><c>./lumos ssh</c>: a login shell in the global zone.</summary>
internal static class SshCommand
{
    public static Command Create(Checkout checkout)
    {
        var command = new Command("ssh", "Open a shell in the machine's global zone");
        command.SetAction(_ => ExecCommand.Attach(Running.Machine(checkout), []));
        return command;
    }
}
