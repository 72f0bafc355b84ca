using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Send;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm send: writes a VM to standard output.</summary>
internal static class SendVerb
{
    internal static Verb Verb { get; } = new(
        "send", ["send [--live] [--full] [-i <snapshot> | --resume <token>] <uuid>"],
        parser => parser.Value('i', "from").Value("resume").Flag("live").Flag("full"), Run)
    {
        Changes = true,
        WritesData = true,
    };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        string uuid = VerbContext.UuidOf(args.Expect(0, 1), "send");
        if (args.Has("from") && args.Has("resume"))
        {
            throw new UsageException("-i and --resume both say what the receiver has: give one");
        }
        if (vmadm.Applet.OutputIsTerminal())
        {
            throw new UsageException("Cannot send to a TTY.");
        }
        var holdings = args.Get("resume") is { } token ? ReceiverHoldings.FromToken(token) : null;
        if (holdings is not null && holdings.Uuid.ToString() != uuid)
        {
            throw new LumosException("InvalidToken", $"that token is of VM {holdings.Uuid}, not of {uuid}");
        }
        using var progress = new Progress(vmadm.Error, vmadm.Applet.ErrorIsTerminal());
        if (vmadm.Applet.ErrorIsTerminal())
        {
            progress.Stage($"sending VM {uuid}");
        }
        using var output = vmadm.Applet.OpenOutput();
        var result = new VmSender(vmadm.Machine).Send(uuid, new SendWishes
        {
            From = args.Get("from"),
            Holdings = holdings,
            Live = args.Has("live"),
            Full = args.Has("full"),
            Progress = sent => progress.Bytes(sent, 0),
        }, output);
        progress.Dispose();
        return vmadm.Say($"Successfully sent VM {uuid} ({new ByteCount(result.Bytes)}): \"vmadm send -i {result.Snapshot} {uuid}\" sends what changes from here on");
    }
}
