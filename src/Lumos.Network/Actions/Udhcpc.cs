using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux.Machine;
using Lumos.Linux.Spawn;
using Lumos.Network.Model;

namespace Lumos.Network.Actions;

/// <summary>
/// busybox's DHCP client. It stays as a process of its own for as long as the lease has to be renewed, and runs
/// net-dhcp-event at each turn. Until the first lease it is waited for, 24 seconds at most.
/// </summary>
public sealed class Udhcpc(NetworkPaths paths, Action<string> say) : IDhcpClient
{
    private const int Tries = 8, SecondsBetween = 3, SecondsBeforeNextRound = 15;

    public void Start(string link)
    {
        Stop(link);
        Directory.CreateDirectory(paths.State);
        // -b: into the background when no answer came; it goes there by itself once one has. It keeps the streams it was
        // started with, so these must be ours (the service's log), not pipes that we would wait on.
        using var client = ChildProcess.Start(new SpawnRequest
        {
            Argv =
            [
                "busybox", "udhcpc", "-i", link, "-s", paths.EventProgram, "-p", PidFile(link), "-b",
                "-t", $"{Tries}", "-T", $"{SecondsBetween}", "-A", $"{SecondsBeforeNextRound}", "-x", $"hostname:{Kernel.Name().Host}",
            ],
            InheritStreams = true,
        });
        int status = client.Wait();
        if (status != 0)
        {
            throw new LumosException("DhcpClientFailed", $"udhcpc on {link} ended with status {status}; the service's log has what it said");
        }
        if (!File.Exists(paths.LeaseFile(link)))
        {
            say($"{link}: no DHCP server answered within {Tries * SecondsBetween} seconds; asking goes on in the background");
        }
    }

    public void Stop(string link)
    {
        if (!Directory.Exists(paths.State))
        {
            return;
        }
        string file = PidFile(link);
        if (File.Exists(file) && int.TryParse(File.ReadAllText(file).Trim(), out int pid) && IsUdhcpc(pid))
        {
            _ = Tool.Run("kill", $"{pid}");
        }
        File.Delete(file);
        File.Delete(paths.LeaseFile(link));
    }

    private string PidFile(string link) => Path.Combine(paths.State, $"udhcpc.{link}.pid");

    /// <summary>Whether the number still belongs to the client: after a crash it may be anybody's.</summary>
    private static bool IsUdhcpc(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Contains("udhcpc", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
