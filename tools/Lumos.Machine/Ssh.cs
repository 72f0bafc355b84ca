using Lumos.Linux.Spawn;

namespace Lumos.Machine;

/// <summary>
/// Commands in the global zone over ssh. One connection is kept open beside the commands (ssh's own multiplexing), because a
/// handshake costs about a second in an emulated guest; where it is missing, ssh connects by itself.
/// </summary>
public sealed class Ssh(MachineFolder folder, int port)
{
    /// <summary>ssh's own failures; also what a remote command may have ended with.</summary>
    public const int ConnectionFailed = 255;

    private readonly Lock _lock = new();
    private bool _connected;

    /// <summary>Runs a command whose words arrive as they are, bounded in time.</summary>
    public CommandResult Run(IReadOnlyList<string> words, TimeSpan limit, string? input = null)
    {
        Connect();
        return HostCommand.Run([.. Base, "-T", Target, "--", ShellWords.Join(words)], limit, input);
    }

    /// <summary>Runs a line of the remote shell, bounded in time.</summary>
    public CommandResult RunScript(string script, TimeSpan limit, string? input = null)
    {
        Connect();
        return HostCommand.Run([.. Base, "-T", Target, "--", script], limit, input);
    }

    /// <summary>The argv that runs words there on our own streams; without words, a login shell.</summary>
    public IReadOnlyList<string> Attached(IReadOnlyList<string> words, bool terminal) =>
        [.. Base, terminal ? "-t" : "-T", Target, .. words.Count == 0 ? (string[])[] : ["--", ShellWords.Join(words)]];

    /// <summary>Waits until a command runs there. Gives up at the limit, or at once when <paramref name="givenUp"/> says so.</summary>
    public bool WaitUntilUp(TimeSpan limit, Func<bool> givenUp)
    {
        bool stopped = false;
        return Deadline.Poll(limit, TimeSpan.FromMilliseconds(500), () =>
        {
            stopped = givenUp();
            return stopped || HostCommand.Run([.. Base, "-T", Target, "--", "true"], TimeSpan.FromSeconds(15)).Status == 0;
        }) && !stopped;
    }

    /// <summary>Drops the kept connection: the machine it led to is gone.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _connected = false;
            if (File.Exists(folder.SshControlSocket))
            {
                HostCommand.Run([.. Base, "-O", "exit", Target], TimeSpan.FromSeconds(5));
                File.Delete(folder.SshControlSocket);
            }
        }
    }

    private const string Target = "root@127.0.0.1";

    // The host key changes with every fresh machine, and loopback's port leads to no other host: it is not checked.
    private IReadOnlyList<string> Base =>
    [
        "ssh", "-F", "none", "-p", $"{port}", "-i", folder.PrivateKey, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
        "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10",
        "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=6", "-o", $"ControlPath={folder.SshControlSocket.Replace("%", "%%")}",
    ];

    /// <summary>Makes the kept connection unless it is there; where that fails, each command connects by itself.</summary>
    public void Connect()
    {
        lock (_lock)
        {
            if (_connected && File.Exists(folder.SshControlSocket))
            {
                return;
            }
            if (!File.Exists(folder.SshControlSocket))
            {
                // With -f, ssh goes to the background once it is connected; it must not hold our pipes, so it gets none.
                using var master = ChildProcess.Start(new SpawnRequest
                {
                    Argv = [.. Base, "-o", "ControlMaster=yes", "-o", "ControlPersist=yes", "-f", "-N", Target],
                    NewSession = true,
                });
                master.Wait();
            }
            _connected = File.Exists(folder.SshControlSocket);
        }
    }
}
