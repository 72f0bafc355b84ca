using Lumos.Drivers.Tools;
using Lumos.Linux.Accounts;
using Lumos.Linux.Files;
using Lumos.Linux.Machine;
using Lumos.Linux.Mounts;
using Lumos.Node.Information;

namespace Lumos.Node.Host;

/// <summary>The real machine.</summary>
internal sealed class LinuxNodeHost : INodeHost
{
    /// <summary>No RSA: every client since 2011 knows one of these, and they take no time to make on a slow processor.</summary>
    private static readonly string[] HostKeyTypes = ["ed25519", "ecdsa"];

    public long Memory => Kernel.Load().TotalMemory;

    public string? HardwareUuid
    {
        get
        {
            try
            {
                return ServerUuid.FromHardware(File.ReadAllText("/sys/class/dmi/id/product_uuid"));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null; // no SMBIOS
            }
        }
    }

    public void SettleDevices() => Tool.Run("udevadm", "settle", "--timeout=30");

    public bool WaitForDevice(string path)
    {
        _ = Tool.Run("udevadm", "wait", "--timeout=20", path);
        return File.Exists(path);
    }

    public bool IsMountPoint(string path) => MountTable.IsMounted(path);

    public void Mount(string source, string target, string type, bool readOnly = false)
    {
        Directory.CreateDirectory(target);
        Linux.Mounts.Mount.At(source, target, type, readOnly ? MountFlags.ReadOnly | MountFlags.NoDev | MountFlags.NoSuid : MountFlags.None);
    }

    public void Bind(string source, string target)
    {
        if (Directory.Exists(source))
        {
            Directory.CreateDirectory(target);
        }
        else if (!File.Exists(target))
        {
            File.WriteAllText(target, "");
        }
        Linux.Mounts.Mount.Bind(source, target);
    }

    public void Unmount(string target) => Linux.Mounts.Mount.Detach(target);

    public void MakeSwap(string device) => Tool.Run("mkswap", device).OrThrow();

    public void SwapOn(string device) => Swap.On(device);

    public void CopyTree(string source, string target) => Tool.Run("cp", "-a", "--", source, target).OrThrow();

    public void MakeHostKeys(string folder)
    {
        foreach (string type in HostKeyTypes)
        {
            string key = Path.Combine(folder, $"ssh_host_{type}_key");
            // An empty file is what a power cut leaves of a key that never reached the disk.
            if (File.Exists(key) && new FileInfo(key).Length > 0 && File.Exists(key + ".pub"))
            {
                continue;
            }
            File.Delete(key);
            Tool.Run("ssh-keygen", "-q", "-t", type, "-N", "", "-C", $"root@{Kernel.Name().Host}", "-f", key).OrThrow();
        }
        DurableFile.SyncAll();
    }

    public string HashPassword(string password) => PasswordHash.Make(password);
}
