using Lumos.Core;

namespace Lumos.Machine;

/// <summary>The words QEMU is started with: a function of its arguments.</summary>
public static class QemuCommand
{
    /// <summary>The guest's side of QEMU's user network; the gateway reaches this workstation's loopback.</summary>
    public const string Gateway = "10.0.2.2", NameServer = "10.0.2.3", GuestAddress = "10.0.2.15";

    /// <summary>QMP ids of the two CD drives.</summary>
    public const string BootDrive = "cd-boot", ConfigDrive = "cd-config";

    /// <summary>Firmware of Debian's package ovmf; the variables are copied for each machine.</summary>
    public const string OvmfCode = "/usr/share/OVMF/OVMF_CODE_4M.fd", OvmfVariables = "/usr/share/OVMF/OVMF_VARS_4M.fd";

    public static IReadOnlyList<string> Build(
        MachineFolder folder, MachineSettings settings, BootSource boot, Accelerator accelerator, int sshPort)
    {
        List<string> words =
        [
            "qemu-system-x86_64", "-name", "lumos", "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35",
            .. accelerator.Arguments,
            "-m", $"{settings.MemoryMiB}", "-smp", $"{settings.Cpus}",
            "-uuid", $"{settings.Uuid}",
            "-smbios", $"type=1,manufacturer=LumOS,product=Development Machine,uuid={settings.Uuid},serial={settings.Uuid.ToString("N")[..12]}",
            "-device", "virtio-rng-pci", "-vga", "std",
            "-chardev", $"socket,id=serial,path={Escape(folder.SerialSocket)},server=on,wait=off,logfile={Escape(folder.SerialLog)},logappend=off",
            "-serial", "chardev:serial",
            "-qmp", $"unix:{Escape(folder.QmpSocket)},server=on,wait=off",
            "-netdev", $"user,id=net0,hostfwd=tcp:127.0.0.1:{sshPort}-{GuestAddress}:22",
            "-device", $"virtio-net-pci,netdev=net0,mac={settings.Mac}",
        ];
        for (int i = 0; i < settings.Disks; i++)
        {
            // cache=unsafe: the guest's flushes stay in this host's page cache, which outlives a killed QEMU.
            words.AddRange(["-drive", $"if=none,id=disk{i},format=raw,cache=unsafe,discard=unmap,file={Escape(folder.Disk(i))}",
                "-device", $"virtio-blk-pci,drive=disk{i},serial=lumos-disk{i}"]);
        }
        switch (boot)
        {
            case BootSource.Direct direct:
                words.AddRange(["-kernel", direct.Kernel, "-initrd", direct.BootArchive, "-append", direct.CommandLine + accelerator.KernelWords]);
                break;
            case BootSource.Medium medium:
                words.AddRange(FirmwareOf(medium.Firmware, folder));
                words.AddRange(Cd(BootDrive, medium.Iso, 0));
                if (medium.ConfigIso is not null)
                {
                    words.AddRange(Cd(ConfigDrive, medium.ConfigIso, 1));
                }
                break;
            case BootSource.Disk disk:
                words.AddRange(FirmwareOf(disk.Firmware, folder));
                if (disk.ConfigIso is not null)
                {
                    words.AddRange(Cd(ConfigDrive, disk.ConfigIso, 1));
                }
                break;
        }
        words.AddRange(["-daemonize", "-pidfile", folder.PidFile, "-D", folder.QemuLog]);
        return words;
    }

    private static string[] FirmwareOf(Firmware firmware, MachineFolder folder) => firmware == Firmware.Uefi
        ? ["-drive", $"if=pflash,format=raw,readonly=on,file={OvmfCode}", "-drive", $"if=pflash,format=raw,file={Escape(folder.FirmwareVariables)}"]
        : [];

    private static string[] Cd(string id, string file, int bus) =>
        ["-drive", $"if=none,id={id}-medium,format=raw,media=cdrom,readonly=on,file={Escape(file)}",
         "-device", $"ide-cd,id={id},drive={id}-medium,bus=ide.{bus}" + (bus == 0 ? ",bootindex=1" : "")];

    /// <summary>QEMU splits option lists at commas; a comma in a path is written twice.</summary>
    private static string Escape(string path) => path.Replace(",", ",,");
}
