using System.CommandLine;
using System.Runtime.InteropServices;
using Lumos.Core;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary><c>./lumos exec CMD…</c>: a command in the global zone on our own streams.</summary>
internal static class ExecCommand
{
    public static Command Create(Checkout checkout)
    {
        var words = new Argument<string[]>("CMD")
        {
            Description = "The command and its words, which arrive as they are (nothing is expanded there); " +
                "for a line of shell: ./lumos exec sh -c 'LINE'",
            Arity = ArgumentArity.OneOrMore,
            CaptureRemainingTokens = true,
        };
        var command = new Command("exec", "Run a command in the machine's global zone; streams and exit status pass through") { words };
        command.SetAction(parsed => Attach(Running.Machine(checkout), parsed.GetValue(words)!));
        return command;
    }

    /// <summary>Runs the words there; the exit status is theirs (255: the machine could not be reached).</summary>
    public static int Attach(QemuMachine machine, IReadOnlyList<string> words)
    {
        // ^C is for the command there; ssh passes it on or ends, and we end with it.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        machine.Ssh.Connect();
        bool terminal = !Console.IsInputRedirected && !Console.IsOutputRedirected;
        return HostCommand.RunAttached(machine.Ssh.Attached(words, terminal));
    }
}

/// <summary>The machine that a command is about.</summary>
internal static class Running
{
    /// <summary>The running machine of this checkout, or the sentence that there is none.</summary>
    public static QemuMachine Machine(Checkout checkout) =>
        QemuMachine.FindRunning(new MachineFolder(checkout.Machine))
            ?? throw new LumosException("NotRunning", "the machine is not running; \"./lumos up\" starts it");
}
