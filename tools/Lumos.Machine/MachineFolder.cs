using System.Security.Cryptography;
using System.Text;
using Lumos.Core;

namespace Lumos.Machine;

/// <summary>
/// Where one machine lives: everything it owns is in this folder, so that two clones (or a test beside a machine in use)
/// never meet. Only the sockets may be elsewhere, because a unix socket's path ends at 107 bytes.
/// </summary>
public sealed record MachineFolder(string Root)
{
    private const int LongestSocketPath = 107;

    public string Settings => Path.Combine(Root, "machine.json");

    /// <summary>Pid, start time and ssh port of the running QEMU.</summary>
    public string State => Path.Combine(Root, "qemu.json");

    /// <summary>Exists from the end of a successful <c>./lumos up</c> to the machine's next start.</summary>
    public string Ready => Path.Combine(Root, "ready");

    public string PidFile => Path.Combine(Root, "qemu.pid");

    public string QemuLog => Path.Combine(Root, "qemu.log");

    /// <summary>What the machine has written on its serial line since it was last started.</summary>
    public string SerialLog => Path.Combine(Root, "serial.log");

    public string PrivateKey => Path.Combine(Root, "id_ed25519");

    public string PublicKey => PrivateKey + ".pub";

    public string Answers => Path.Combine(Root, "answers.json");

    public string BootArchive => Path.Combine(Root, "boot_archive");

    public string ConfigIso => Path.Combine(Root, "config.iso");

    public string FirmwareVariables => Path.Combine(Root, "OVMF_VARS.fd");

    public string ImageServerState => Path.Combine(Root, "image-server.json");

    public string ImageServerLog => Path.Combine(Root, "image-server.log");

    public string QmpSocket => Path.Combine(SocketFolder, "qmp");

    public string SerialSocket => Path.Combine(SocketFolder, "serial");

    public string SshControlSocket => Path.Combine(SocketFolder, "ssh");

    public string Disk(int index) => Path.Combine(Root, $"disk{index}.raw");

    /// <summary>The folder itself when socket paths fit, else one under /tmp that is ours alone.</summary>
    public string SocketFolder
    {
        get
        {
            // ssh makes its control socket under a longer temporary name first.
            if (Encoding.UTF8.GetByteCount(Root) + "/serial.0123456789abcdef".Length <= LongestSocketPath)
            {
                return Root;
            }
            string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Root)))[..16];
            return $"/tmp/lumos-{Environment.UserName}-{hash}";
        }
    }

    /// <summary>Makes the folder (and the one of the sockets), readable by its owner only.</summary>
    public void Create()
    {
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(Root);
        if (SocketFolder != Root)
        {
            var folder = Directory.CreateDirectory(SocketFolder, OwnerOnly);
            if (folder.UnixFileMode != OwnerOnly || folder.LinkTarget is not null)
            {
                throw new LumosException("SocketFolderNotOurs", $"{SocketFolder} exists and is open to others; remove it");
            }
        }
    }

    /// <summary>Removes everything of the machine. It must not be running.</summary>
    public void Delete()
    {
        if (SocketFolder != Root && Directory.Exists(SocketFolder))
        {
            Directory.Delete(SocketFolder, recursive: true);
        }
        if (Directory.Exists(Root))
        {
            Directory.Delete(Root, recursive: true);
        }
    }
}
