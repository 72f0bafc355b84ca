using Lumos.Cli;
using Lumos.Vm.Info;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm events: changes of VMs as they happen, until it is interrupted.</summary>
internal static class EventsVerb
{
    internal static Verb Verb { get; } = new("events", ["events [-fjr] [uuid]"], parser => parser
        .Flag('f', "full").Flag('j', "json").Flag('r', "ready"), Run);

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        args.Expect(0, 1);
        string? uuid = args.Operands.Count == 0 ? null : VerbContext.UuidOf(args, "events");
        string agent = vmadm.Applet.Environment("VMADM_IDENT") is { Length: > 0 } ident ? $"vmadm CLI - {Printable(ident)}" : "vmadm CLI";
        var text = new VmEventText(args.Has('j'), args.Has('f'), args.Has('r'));
        foreach (var e in new VmEventFollower(vmadm.Machine.InfoSocket, uuid, agent, line => vmadm.Say(line)).Events())
        {
            text.Write(vmadm.Out, e);
        }
        return ExitStatus.Success;
    }

    /// <summary>It goes into a line of a header.</summary>
    private static string Printable(string text) => string.Concat(text.Where(c => c is >= ' ' and < '\x7f').Take(200));
}
