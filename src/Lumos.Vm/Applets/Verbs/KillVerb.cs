using Lumos.Core;
using Lumos.Vm.Lifecycle;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>vmadm kill: signals the first process of a VM.</summary>
internal static class KillVerb
{
    internal static Verb Verb { get; } = new("kill", ["kill [-s SIGNAL|-SIGNAL] <uuid>"], Verb.NoOptions, (_, _) => throw new InvalidOperationException())
    {
        RunWords = Run,
        Changes = true,
    };

    private static int Run(VerbContext vmadm, IReadOnlyList<string> words)
    {
        string signal = "SIGTERM";
        var rest = words.ToList();
        if (rest is ["-s", var named, ..])
        {
            (signal, rest) = (named, rest[2..]);
        }
        else if (rest.Count > 0 && rest[0].StartsWith('-'))
        {
            (signal, rest) = (rest[0][1..], rest[1..]);
        }
        string uuid = rest is [var only] && VerbContext.IsUuid(only) ? only : throw new UsageException("Invalid or missing argument UUID");
        vmadm.Result.Uuid = uuid;
        new VmSignal(vmadm.Machine).Send(uuid, signal);
        return vmadm.Say($"Sent signal \"{signal}\" to init process for VM {uuid}");
    }
}
