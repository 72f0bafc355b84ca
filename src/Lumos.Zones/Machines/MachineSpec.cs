using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Lumos.Zones.Machines;

// Purpose. A hardware virtual machine (brands bhyve and kvm) is a zone whose init is QEMU. So it has all that a zone has (states, record,
// console, limits, clearing, restart after a crash) from where every zone has it, and this folder says only what is a machine's own.
//
// The way of a boot: the zone's configuration -> MachineReader -> MachineSpec (what the guest sees) -> QemuCommand, with the profile of the
// brand (MachineProfile: chip set, slots, models, as data) -> words and the list of files that they need. ZoneRuntime opens these files
// (MachineFiles) and hands them to QEMU through the monitor and the OCI runtime under known numbers; QEMU itself opens nothing but
// its own program and firmware, which it sees read-only.
//
// Who attacks. A guest that has taken over QEMU. It is a process without a capability, of an id of the zone's own range, in the zone's
// namespaces, with QEMU's filter of system calls over the zone's. It has its disks, the cable of each NIC, its terminal and the socket on which
// QEMU takes commands, each as an open file: no path leads to any of them. Its network namespace has only lo, its root is read-only, and nothing of
// another zone is mounted in it.
//
// Who speaks QMP: whoever has something to say connects to qmp in the run folder, says it and leaves (QmpClient). The socket was
// made by us and is QEMU's only as a descriptor, so it is there from before QEMU runs, and no daemon has to live for a machine to live.
//
// Who listens: vmadmd, to each machine, on a second such socket (qmp-events), since QEMU speaks with one client at a time on each. What it hears is in /run/lumos/machines
// (MachineLife). It may end and come back: what QEMU says while nobody listens is lost but for the state that it is in, and that is asked.
//
// A machine is asked to stop by its power button (system_powerdown); when the guest has gone down, QEMU ends with status 0, and the zone with it.
// A guest that restarts itself does so within QEMU: what changed in the configuration is taken at the next boot of the zone.
//
// Tests: reader, slots and command in unit tests; a guest that boots, is asked, is forced, in host tests.

/// <summary>What a guest sees of its machine, settled. Made by <see cref="MachineReader"/>, made into words by <see cref="QemuCommand"/>.</summary>
public sealed record MachineSpec
{
    public required MachineProfile Profile { get; init; }

    /// <summary>The VM's, which the guest finds in its SMBIOS.</summary>
    public required string Uuid { get; init; }

    public int Vcpus { get; init; } = 1;

    /// <summary>MiB.</summary>
    public long Ram { get; init; } = 256;

    /// <summary>QEMU's name of the processor; <see cref="HostCpu"/>: this machine's own, or all that can be emulated.</summary>
    public string CpuType { get; init; } = HostCpu;

    public Accelerator Accelerator { get; init; }

    public MachineFirmware Firmware { get; init; } = MachineFirmware.Bios;

    /// <summary>The graphics card, as in a payload's vga.</summary>
    public string Display { get; init; } = MachineProfile.StandardDisplay;

    /// <summary>It has a port for an agent in the guest.</summary>
    public bool HasAgent { get; init; }

    /// <summary>What the firmware tries, one letter each: c the disk that boots, d drives with media, n NICs.</summary>
    public string BootOrder { get; init; } = DefaultBootOrder;

    /// <summary>What it tries from the guest's first restart on; null: the same.</summary>
    public string? LaterBootOrder { get; init; }

    /// <summary>The machine of the configuration, where this one has something for one start; null: itself.</summary>
    public MachineSpec? Configured { get; init; }

    public ImmutableArray<MachineDisk> Disks { get; init; } = [];

    /// <summary>What an operator adds to QEMU's options (<see cref="QemuOptions"/>).</summary>
    public ImmutableArray<string> ExtraWords { get; init; } = [];

    public ImmutableArray<MachineNic> Nics { get; init; } = [];

    public const string HostCpu = "host", DefaultBootOrder = "cd";

    /// <summary>The rank of a disk among what the firmware tries; null: it does not try it.</summary>
    public int? BootIndexOfDisk(int n) => Rank(Disks[n].Boots ? 'c' : Disks[n].IsMedia ? 'd' : ' ', n);

    /// <summary>The same of a NIC.</summary>
    public int? BootIndexOfNic(int n) => Rank('n', n);

    // Ranks of one letter follow each other by place, with room for as many as there may be.
    private int? Rank(char letter, int n) => BootOrder.IndexOf(letter) is var at and >= 0 ? (at * RanksOfLetter) + n + 1 : null;

    private const int RanksOfLetter = 100;
}

/// <summary>Who runs the guest's instructions.</summary>
public enum Accelerator
{
    /// <summary>QEMU itself, translating them.</summary>
    Tcg,

    /// <summary>The processor, by the kernel's KVM.</summary>
    Kvm,
}

/// <summary>A disk, or a drive with media.</summary>
/// <param name="Path">Of the volume or file, in the global zone.</param>
/// <param name="Model">As in a payload: virtio, ahci, nvme; ide, scsi.</param>
public sealed record MachineDisk(string Path, string Model)
{
    /// <summary>The firmware starts from it.</summary>
    public bool Boots { get; init; }

    /// <summary>A drive with a medium, which the guest reads and cannot write to.</summary>
    public bool IsMedia { get; init; }

    /// <summary>A disk that the guest cannot write to.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>What the guest knows it by, whatever slot it is in; null: nothing.</summary>
    public string? Serial { get; init; }

    /// <summary>Where it is; null: where there is room.</summary>
    public PciSlot? Slot { get; init; }

    /// <summary>Bytes of the sectors that the guest sees; null: 512, as all disks were once.</summary>
    public SectorSizes? Sectors { get; init; }

    /// <summary>The guest is not told that it can discard blocks.</summary>
    public bool NoTrim { get; init; }

    /// <summary>Its path is one in the root of the machine's zone.</summary>
    public bool IsInRoot { get; init; }

    /// <summary>It is a file, not a device.</summary>
    public bool IsFile => IsInRoot || !Path.StartsWith("/dev/", StringComparison.Ordinal);
}

/// <summary>Bytes of a sector as a disk addresses them, and as it writes them.</summary>
public sealed record SectorSizes(int Logical, int Physical)
{
    /// <summary>NNN or NNN/NNN, each a power of two from 512 to 32768, the second no less than the first.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out SectorSizes? sizes)
    {
        string[] parts = text.Split('/');
        sizes = parts.Length is 1 or 2 && IsSize(parts[0], out int logical) && IsSize(parts[^1], out int physical) && physical >= logical ? new(logical, physical) : null;
        return sizes is not null;
    }

    private static bool IsSize(string text, out int size) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size) && size is >= 512 and <= 32768 && int.IsPow2(size);
}

/// <summary>A network card: its address, and its model as in a payload.</summary>
public sealed record MachineNic(string Mac, string Model);
