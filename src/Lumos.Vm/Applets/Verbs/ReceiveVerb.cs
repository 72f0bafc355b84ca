using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Payload;
using Lumos.Vm.Receive;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm receive: takes from standard input what vmadm send wrote.</summary>
internal static class ReceiveVerb
{
    internal static Verb Verb { get; } = new(
        "receive", ["receive [-f <filename>]", "receive --check [-f <filename>]", "receive --token <uuid>"],
        parser => parser.Value('f', "file").Flag("check").Flag("token"), Run)
    {
        Aliases = ["recv"],
        Changes = true,
    };

    private static int Run(VerbContext vmadm, ParsedArgs args)
    {
        if (args.Has("token"))
        {
            PrintToken(vmadm, new VmReceiver(vmadm.Machine).Holdings(VerbContext.UuidOf(args.Expect(0, 1), "receive")).ToToken());
            vmadm.Result.Changed = false;
            return ExitStatus.Success;
        }
        args.Expect(0, 0);
        using var input = Open(vmadm, args);
        if (args.Has("check"))
        {
            // For a sender: on one line what is here of the VM, "-" for nothing.
            var (header, holdings) = new VmReceiver(vmadm.Machine).Check(input);
            PrintToken(vmadm, holdings?.ToToken());
            (vmadm.Result.Uuid, vmadm.Result.Changed) = (header.Uuid.ToString(), false);
            return vmadm.Say($"VM {header.Uuid} can be received");
        }
        using var progress = new Progress(vmadm.Error, vmadm.Applet.ErrorIsTerminal());
        if (vmadm.Applet.ErrorIsTerminal())
        {
            progress.Stage("receiving a VM");
        }
        var received = new VmReceiver(vmadm.Machine).Receive(input, bytes => progress.Bytes(bytes, 0));
        progress.Dispose();
        vmadm.Result.Uuid = received.Uuid.ToString();
        return vmadm.Say($"Successfully received VM {received.Uuid}: \"vmadm install {received.Uuid}\" makes it one of this machine");
    }

    private static void PrintToken(VerbContext vmadm, string? token)
    {
        if (vmadm.WantsResult)
        {
            vmadm.Result.More["token"] = token;
        }
        else
        {
            vmadm.Out.WriteLine(token ?? "-");
        }
    }

    private static Stream Open(VerbContext vmadm, ParsedArgs args)
    {
        if (args.Get('f') is { } file && !PayloadReader.IsStandardInput(file))
        {
            return File.OpenRead(file);
        }
        return vmadm.Applet.InputIsTerminal()
            ? throw new UsageException("Will not receive from stdin when stdin is a tty.")
            : vmadm.Applet.OpenInput();
    }
}
