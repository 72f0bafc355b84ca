using Lumos.Cli;
using Lumos.Vm.Lifecycle;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm console: joins the terminal to the text console of a VM.</summary>
internal static class ConsoleVerb
{
    internal static Verb Verb { get; } = new("console", ["console <uuid>"], Verb.NoOptions, Run);

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        new VmConsole(vmadm.Machine).Attach(vmadm.OnlyUuidOf(args, "console"));
        return ExitStatus.Success;
    }
}
