using Lumos.LiveImage;
using Lumos.LiveImage.Archive;
using Lumos.LiveImage.Debian;
using Lumos.LiveImage.Stages;
using Lumos.Machine;

namespace Lumos.SystemTests;

/// <summary>
/// A Debian server that never heard of LumOS, as a virtual machine: the release's own kernel, systemd and ssh, and what the
/// package depends on. Kept as a boot archive, which a small init copies to the disk and leaves for Debian's own.
/// </summary>
internal sealed record StockDebian(string Kernel, string BootArchive)
{
    private const string Version = "1", CommandLine = "console=ttyS0,115200n8 quiet";

    // What a server has; the kernel is the one for virtual machines, with the same features and fewer drivers.
    private static readonly string[] Packages =
        ["apt", "dbus", "e2fsprogs", "iproute2", "kmod", "linux-image-cloud-amd64", "openssh-server", "procps", "systemd-sysv", "busybox-static", "nftables"];

    /// <summary>Runs from the boot archive: the disk gets a file system and a copy of everything, and the release's init takes over there.</summary>
    private const string FirstInit = """
        #!/bin/sh
        set -e
        mount -t proc proc /proc
        mount -t devtmpfs devtmpfs /dev
        modprobe virtio_pci
        modprobe virtio_blk
        modprobe ext4
        for wait in 1 2 3 4 5 6 7 8 9 10; do [ -b /dev/vda ] && break; sleep 1; done
        mkfs.ext4 -q -F /dev/vda
        mount /dev/vda /mnt
        cp -ax /. /mnt
        rm /mnt/init
        umount /proc
        exec busybox switch_root /mnt /sbin/init
        """;

    private const string Network = "[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n";

    /// <summary>The server of a release (bookworm, trixie), made or found in the cache.</summary>
    /// <param name="suite">Its code name.</param>
    /// <param name="control">The package's control file, whose dependencies are installed with it.</param>
    internal static StockDebian Of(BuildOptions options, string suite, string control)
    {
        string needs = File.ReadLines(control).First(line => line.StartsWith("Depends: ", StringComparison.Ordinal))["Depends: ".Length..];
        string key = new StageKey().Add(Version).Add(suite).Add(needs).Add(string.Join(' ', Packages)).Add(FirstInit).Finish();
        var log = new BuildLog(options.LogFile);
        var made = new StageCache(options.CacheDirectory, options.Progress).Get("stock-" + suite, key, work => Make(log, suite, needs, work));
        return new StockDebian(made["vmlinuz"], made["boot_archive"]);
    }

    /// <summary>What to boot; the machine's key is let in.</summary>
    internal BootSource For(MachineFolder folder)
    {
        File.Copy(BootArchive, folder.BootArchive, overwrite: true);
        using var archive = new FileStream(folder.BootArchive, FileMode.Append, FileAccess.Write);
        archive.Write(new byte[(int)(-archive.Length & 3)]);
        var cpio = new CpioWriter(archive, DateTimeOffset.UnixEpoch);
        cpio.AddDirectory("root", OwnersFolder);
        cpio.AddDirectory("root/.ssh", OwnersFolder);
        cpio.AddFile("root/.ssh/authorized_keys", File.ReadAllBytes(folder.PublicKey));
        cpio.Finish();
        return new BootSource.Direct(Kernel, folder.BootArchive, CommandLine);
    }

    private const int OwnersFolder = 0b111_000_000, Program = 0b111_101_101;

    private static void Make(BuildLog log, string suite, string needs, string work)
    {
        string tree = Path.Combine(work, "tree");
        try
        {
            Bootstrap.Make(log, new Bootstrap.Request
            {
                Suite = suite,
                Components = "main",
                Packages = Packages,
                Exclude = ["/usr/share/locale/*", "/usr/share/man/*"],
                Hooks =
                [
                    $"chroot \"$1\" apt-get satisfy --yes --no-install-recommends '{needs}'",
                    "chroot \"$1\" systemctl enable systemd-networkd",
                    "rm -f \"$1\"/etc/resolv.conf \"$1\"/etc/hostname",
                ],
            }, tree);
            File.WriteAllText(Path.Combine(tree, "etc/systemd/network/80-dhcp.network"), Network);
            File.WriteAllText(Path.Combine(tree, "etc/resolv.conf"), $"nameserver {QemuCommand.NameServer}\n");
            File.WriteAllText(Path.Combine(tree, "etc/hostname"), suite + "\n");
            File.WriteAllText(Path.Combine(tree, "init"), FirstInit);
            File.SetUnixFileMode(Path.Combine(tree, "init"), (UnixFileMode)Program);
            File.Copy(Directory.EnumerateFiles(Path.Combine(tree, "boot"), "vmlinuz-*").Single(), Path.Combine(work, "vmlinuz"));
            log.Run(["sh", "-c", "find . -xdev -print0 | cpio --quiet --null --create --format=newc > ../boot_archive"], workingDirectory: tree);
        }
        finally
        {
            Scratch.Delete(tree);
        }
    }
}
