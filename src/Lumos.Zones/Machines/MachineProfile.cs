using System.Collections.Frozen;

namespace Lumos.Zones.Machines;

/// <summary>
/// What the machines of a brand are built of. A guest names its disks and NICs after the places they are in, so these are those that SmartOS
/// gives them under bhyve, and never change once a release has them. Device 3 is kept for drives with media, 31 of q35 is the chip set's own.
/// </summary>
public sealed record MachineProfile
{
    /// <summary>The brand.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// QEMU's name of the chip set, with the version that all QEMUs we meet can build (7.2 of Debian 12 and later): a guest that was installed on a machine finds it again
    /// whatever QEMU a later platform brings. A release that takes another version has to remember it for each machine; one that remembers none has this one.
    /// </summary>
    public required string Machine { get; init; }

    /// <summary>The first bus.</summary>
    public required string Bus { get; init; }

    /// <summary>The disk that boots.</summary>
    public required PciSlot BootDisk { get; init; }

    /// <summary>The first of the others.</summary>
    public required PciSlot FirstDisk { get; init; }

    public required PciSlot FirstNic { get; init; }

    /// <summary>The first drive with media that is not on the chip set's controller.</summary>
    public PciSlot FirstCdrom { get; } = new(3, 0);

    /// <summary>What LumOS adds to SmartOS's machine: the first is the guest's memory balloon, the second the port of its agent.</summary>
    public PciSlot FirstOwn { get; } = new(29, 0);

    /// <summary>Devices in which no disk may be put.</summary>
    public required FrozenSet<int> Reserved { get; init; }

    public required PciSlot Framebuffer { get; init; }

    /// <summary>As many as there are places from <see cref="FirstDisk"/> to <see cref="FirstNic"/>, and the one that boots.</summary>
    public required int MostDisks { get; init; }

    public required int MostNics { get; init; }

    /// <summary>QEMU's device of each graphics card.</summary>
    public required FrozenDictionary<string, string> Displays { get; init; }

    /// <summary>The card that every profile has, and a machine unless it says otherwise.</summary>
    public const string StandardDisplay = "std";

    /// <summary>How each model of a disk is attached.</summary>
    public required FrozenDictionary<string, DiskModel> DiskModels { get; init; }

    /// <summary>QEMU's device of each model of a NIC.</summary>
    public required FrozenDictionary<string, string> NicModels { get; init; }

    public static MachineProfile Bhyve { get; } = new()
    {
        Name = "bhyve",
        Machine = "pc-q35-7.2",
        Bus = "pcie.0",
        BootDisk = new(4, 0),
        FirstDisk = new(4, 1),
        FirstNic = new(6, 0),
        Framebuffer = new(30, 0),
        Reserved = FrozenSet.ToFrozenSet([0, 6, 29, 30, 31]),
        MostDisks = 16,
        MostNics = 16,
        Displays = Models((StandardDisplay, "VGA")),
        DiskModels = Models(("virtio", DiskModel.Virtio), ("ahci", DiskModel.Ahci), ("nvme", DiskModel.Nvme)),
        NicModels = Models(("virtio", "virtio-net-pci"), ("e1000", "e1000")),
    };

    public static MachineProfile Kvm { get; } = new()
    {
        Name = "kvm",
        Machine = "pc-i440fx-7.2",
        Bus = "pci.0",
        BootDisk = new(4, 0),
        FirstDisk = new(4, 1),
        FirstNic = new(6, 0),
        Framebuffer = new(2, 0),
        Reserved = FrozenSet.ToFrozenSet([0, 1, 2, 6, 29]),
        MostDisks = 16,
        MostNics = 16,
        Displays = Models((StandardDisplay, "VGA"), ("cirrus", "cirrus-vga"), ("vmware", "vmware-svga")),
        DiskModels = Models(("virtio", DiskModel.Virtio), ("ide", DiskModel.Ide), ("scsi", DiskModel.Scsi)),
        NicModels = Models(("virtio", "virtio-net-pci"), ("e1000", "e1000"), ("rtl8139", "rtl8139")),
    };

    /// <summary>Null: not a brand of machines.</summary>
    public static MachineProfile? Of(string brand) => brand switch
    {
        "bhyve" => Bhyve,
        "kvm" => Kvm,
        _ => null,
    };

    private static FrozenDictionary<string, T> Models<T>(params (string Name, T Model)[] models) =>
        models.ToFrozenDictionary(pair => pair.Name, pair => pair.Model, StringComparer.Ordinal);
}

/// <summary>How a disk is attached.</summary>
/// <param name="Controller">The device in the disk's place that bears it; null: the disk is that device.</param>
/// <param name="Device">The disk itself.</param>
/// <param name="Bus">What the controller calls the bus that the disk is on, after its own name.</param>
public sealed record DiskModel(string? Controller, string Device, string Bus = "")
{
    /// <summary>It has no place of its own: places on the chip set's controller, in the order they are given out.</summary>
    public IReadOnlyList<string>? BuiltIn { get; private init; }

    /// <summary>It can hold the guest still while there is no room for what it writes.</summary>
    public bool StopsOnErrors { get; private init; } = true;

    /// <summary>The same of drives with media.</summary>
    public IReadOnlyList<string> BuiltInCdrom { get; private init; } = [];

    /// <summary>The device of a drive with media; null: this model is of disks only.</summary>
    public string? Cdrom { get; private init; }

    /// <summary>What makes the device say that it cannot discard.</summary>
    public string NoTrim { get; private init; } = "";

    /// <summary>The greatest sector that it can show its guest.</summary>
    public int LargestSector { get; private init; } = 32768;

    public static DiskModel Virtio { get; } = new(null, "virtio-blk-pci") { NoTrim = ",discard=off,write-zeroes=off" };

    public static DiskModel Nvme { get; } = new(null, "nvme") { StopsOnErrors = false };

    public static DiskModel Ahci { get; } = new("ich9-ahci", "ide-hd", ".0") { Cdrom = "ide-cd", NoTrim = ",discard_granularity=0", LargestSector = 512 };

    public static DiskModel Scsi { get; } = new("lsi53c895a", "scsi-hd", ".0") { Cdrom = "scsi-cd", NoTrim = ",discard_granularity=0" };

    /// <summary>The first of the second channel is kept for a drive with media.</summary>
    public static DiskModel Ide { get; } = new(null, "ide-hd")
    {
        BuiltIn = ["bus=ide.0,unit=0", "bus=ide.0,unit=1", "bus=ide.1,unit=1"], BuiltInCdrom = ["bus=ide.1,unit=0"], Cdrom = "ide-cd",
        NoTrim = ",discard_granularity=0", LargestSector = 512,
    };
}
