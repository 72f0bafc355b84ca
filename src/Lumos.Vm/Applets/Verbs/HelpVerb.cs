using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm help: all commands, one command, or a row of the property table.</summary>
internal static class HelpVerb
{
    internal static Verb Verb { get; } = new("help", ["help [command|property]"], Verb.NoOptions, Run) { Aliases = ["-h", "-?", "--help"] };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        vmadm.Out.WriteLine(args.Operands switch
        {
            [] => VmadmUsage.Text,
            [var name] when VerbTable.Find(name) is { } verb => VmadmUsage.Of(verb),
            [var name] => VmadmUsage.OfProperty(name)
                ?? throw new LumosException("UnknownTopic", $"\"{name}\" is neither a command of vmadm nor a property it knows"),
            _ => throw new UsageException($"unexpected argument \"{args.Operands[1]}\""),
        });
        return ExitStatus.Success;
    }
}
