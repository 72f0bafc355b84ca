using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Applets.Verbs;
using Lumos.Vm.Host;

namespace Lumos.Vm.Applets;

/// <summary>
/// The command vmadm: words in, text out. Data goes to stdout; every status line ("Successfully …") and every error to
/// stderr, as SmartOS's scripts expect. Exit status 0 done (it was so already included), 1 failure, 2 usage.
///
/// This is the rim: it finds the verb, reads its options, and tells what went wrong. What each verb does is in Verbs/, what
/// a VM is made of in Properties/, what a payload may say in Payload/, what is done in Create/, Update/ and Lifecycle/, what is
/// shown in Info/ and List/.
/// </summary>
internal sealed class Vmadm(AppletContext context, Func<Action<string>, VmHost> host)
{
    internal int Run()
    {
        using var vmadm = new VerbContext(context, host);
        var (status, fault) = Try(vmadm);
        vmadm.End(status, fault);
        return status;
    }

    /// <summary>Runs the verb and tells on stderr what went wrong.</summary>
    private (int Status, Exception? Fault) Try(VerbContext vmadm)
    {
        try
        {
            return (Dispatch(vmadm), null);
        }
        catch (UsageException e)
        {
            context.Error.WriteLine(e.Message);
            context.Error.WriteLine(VmadmUsage.Text);
            return (ExitStatus.Usage, e);
        }
        catch (LumosException e)
        {
            // Without "vmadm: " in front: SmartOS has none, and tools match these lines.
            var told = vmadm.Explained(e);
            context.Error.WriteLine(told.InnerException is null ? told.Message : LumosException.Describe(told));
            return (e.ExitStatus, told);
        }
        catch (ReaderLeftException)
        {
            return (ExitStatus.Success, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            var told = vmadm.Explained(e);
            context.Error.WriteLine(LumosException.Describe(told));
            return (ExitStatus.Failure, told);
        }
    }

    private int Dispatch(VerbContext vmadm)
    {
        string name = context.Args.Count > 0 ? context.Args[0] : throw new UsageException("a command is missing");
        var verb = VerbTable.Find(name) ?? throw new UsageException($"Invalid command: \"{name}\".");
        string[] words = vmadm.Begin(verb, [.. context.Args.Skip(1)]);
        if (verb.RunWords is { } run)
        {
            return run(vmadm, words);
        }
        var args = verb.Options(new ArgParser().Flag('v', "verbose").Flag('d', "debug")).Parse(words);
        vmadm.Parsed(args);
        return verb.Run(vmadm, args);
    }
}
