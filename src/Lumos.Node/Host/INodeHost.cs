namespace Lumos.Node.Host;

/// <summary>
/// What the boot-time steps do to the machine besides pools, datasets and files: mounts, swap, devices, accounts. Drawn
/// around the host so that tests can watch the steps without a machine to set up.
/// </summary>
internal interface INodeHost
{
    /// <summary>Waits until udev has made the nodes of all devices seen so far.</summary>
    void SettleDevices();

    /// <summary>Waits (bounded) for one device node.</summary>
    /// <returns>False when it did not come.</returns>
    bool WaitForDevice(string path);

    /// <summary>Whether something is mounted exactly there.</summary>
    bool IsMountPoint(string path);

    /// <summary>Mounts; the directory is made when missing.</summary>
    void Mount(string source, string target, string type, bool readOnly = false);

    /// <summary>Shows a file or directory at a second place.</summary>
    void Bind(string source, string target);

    void Unmount(string target);

    /// <summary>Makes the device swap space.</summary>
    void MakeSwap(string device);

    /// <summary>Swaps to the device; one already in use is fine.</summary>
    void SwapOn(string device);

    /// <summary>Copies a tree with owners, modes, times and links.</summary>
    void CopyTree(string source, string target);

    /// <summary>Makes the ssh host keys that are missing in the folder.</summary>
    void MakeHostKeys(string folder);

    /// <summary>A hash of the password for /etc/shadow.</summary>
    string HashPassword(string password);

    /// <summary>Bytes of memory.</summary>
    long Memory { get; }

    /// <summary>The machine's own UUID (SMBIOS), or null where it has none worth the name.</summary>
    string? HardwareUuid { get; }
}
