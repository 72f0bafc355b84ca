using System.Text;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux;

namespace Lumos.Vm.Migrate;

/// <summary>Another machine over ssh, or whatever command takes a host and words.</summary>
/// <param name="name">ssh's destination.</param>
/// <param name="shell">The command and its options.</param>
public sealed class RemoteShellTarget(string name, IReadOnlyList<string> shell) : IMigrationTarget
{
    /// <summary>What ssh ends with when it is ssh that failed.</summary>
    private const int NoContact = 255;

    /// <summary>Nobody is there to be asked for a password; a connection that is dead is noticed within a minute.</summary>
    public static IReadOnlyList<string> Ssh { get; } =
        ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"];

    public string Name => name;

    public TargetResult Run(IReadOnlyList<string> words, Action<Stream>? feed = null)
    {
        try
        {
            using var tool = RunningTool.Start([.. shell, name, "vmadm", .. words], pipeInput: feed is not null, pipeOutput: true);
            LumosException? cut = null;
            try
            {
                feed?.Invoke(tool.Input!);
            }
            catch (LumosException e) when (e.Code == "SendFailed")
            {
                cut = e; // it has stopped reading; what it says is the reason
            }
            tool.Input?.Dispose();
            using var reader = new StreamReader(tool.Output!, new UTF8Encoding(false));
            string output = reader.ReadToEnd();
            var result = tool.Finish();
            return cut is not null && result.Succeeded ? throw cut
                : new TargetResult(result.Status == NoContact ? null : result.Status, output, result.ErrorOutput.Trim());
        }
        catch (ErrnoException e)
        {
            throw new LumosException("NoRemoteShell", $"cannot start {shell[0]}, by which {name} is reached", inner: e);
        }
    }
}
