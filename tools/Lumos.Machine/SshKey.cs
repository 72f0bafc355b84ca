namespace Lumos.Machine;

/// <summary>The key pair with which this workstation enters a machine; made once for each machine.</summary>
public static class SshKey
{
    public static void Ensure(MachineFolder folder)
    {
        if (!File.Exists(folder.PrivateKey))
        {
            HostCommand.Run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lumos-dev", "-f", folder.PrivateKey], TimeSpan.FromSeconds(20)).OrThrow();
        }
    }
}
