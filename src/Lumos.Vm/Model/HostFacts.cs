using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Vm;

/// <summary>What is known of an installed image.</summary>
/// <param name="Uuid">Its identity.</param>
/// <param name="Type">zone-dataset, lx-dataset, zvol…</param>
/// <param name="Os">smartos, linux…</param>
/// <param name="Name">Name and version, for messages.</param>
/// <param name="Snapshot">What a zone is cloned from: POOL/UUID@final.</param>
/// <param name="Brand">requirements.brand of the manifest; null: any that its type fits.</param>
public sealed record ImageFacts(Uuid Uuid, string Type, string Os, string Name, string Snapshot, string? Brand)
{
    /// <summary>requirements.min_ram and max_ram, MiB; null: it asks for nothing.</summary>
    public long? LeastRam { get; init; }

    public long? MostRam { get; init; }

    /// <summary>Of an image of type zvol: MiB, and the models of disks and NICs that what is in it knows.</summary>
    public long? ImageSize { get; init; }

    public string? DiskDriver { get; init; }

    public string? NicDriver { get; init; }

    /// <summary>requirements.bootrom: the firmware that what is in it boots with; null: any.</summary>
    public string? Bootrom { get; init; }

    /// <summary>Of an image of type zvol: where cloud-init in it looks for its data, as a tag says; null: it does not say.</summary>
    public string? DataSource { get; init; }

    /// <summary>Of an image of type docker: its manifest's tags (docker:config and the like).</summary>
    public JsonObject? Docker { get; init; }
}

/// <summary>A nic tag of this machine.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Mtu">The greatest packet it carries.</param>
public sealed record NicTagFacts(string Name, int Mtu)
{
    /// <summary>The least a NIC on it may ask for: what goes through a cable is not cut smaller than Ethernet's own.</summary>
    public int LeastMtu { get; init; } = 576;

    /// <summary>Why it cannot carry VLANs, as the end of a sentence; null: it can.</summary>
    public string? NoVlans { get; init; }
}

/// <summary>What a path of this machine leads to that a disk names.</summary>
/// <param name="Fault">Why it cannot be a disk, as the end of a sentence; null: it can.</param>
/// <param name="Bytes">Its size.</param>
public sealed record DiskPathFacts(string? Fault, long Bytes);

/// <summary>
/// What the machine looks like at one moment: everything that a payload is checked against. A source that could not be read
/// is an error before this, never an empty list in it.
/// </summary>
public sealed record HostFacts
{
    public required ImmutableHashSet<string> Pools { get; init; }

    /// <summary>A dataset of the name that the VM's root has, or is to have, is there. False, too, where it was not asked.</summary>
    public bool RootDatasetExists { get; init; }

    /// <summary>The image in question; null: the pool in question has none of that uuid, or nobody asked.</summary>
    public ImageFacts? Image { get; init; }

    /// <summary>The images that the VM's disks are to be made of, as POOL/UUID, as far as the pools have them.</summary>
    public ImmutableDictionary<string, ImageFacts> DiskImages { get; init; } = ImmutableDictionary<string, ImageFacts>.Empty;

    /// <summary>What the paths lead to that the VM's disks name, by path.</summary>
    public ImmutableDictionary<string, DiskPathFacts> DiskPaths { get; init; } = ImmutableDictionary<string, DiskPathFacts>.Empty;

    /// <summary>Bytes that each pool has left; empty where it was not asked.</summary>
    public ImmutableDictionary<string, long> Free { get; init; } = ImmutableDictionary<string, long>.Empty;

    /// <summary>Volumes are files of a file system: no space is held back for them, and the size of their blocks is not chosen.</summary>
    public bool VolumesAreFiles { get; init; }

    /// <summary>Why no hardware VM can run here, as the end of a sentence; null: one can.</summary>
    public string? MachineFault { get; init; }

    /// <summary>What stands against each firmware (bootrom) that a hardware VM, or an image of its disks, asks for; null: nothing.</summary>
    public ImmutableDictionary<string, string?> Firmwares { get; init; } = ImmutableDictionary<string, string?>.Empty;

    /// <summary>Ports at which somebody listens on this machine, as far as one was asked for.</summary>
    public ImmutableHashSet<int> BusyPorts { get; init; } = [];

    public required ImmutableDictionary<string, NicTagFacts> NicTags { get; init; }

    /// <summary>Every VM of the machine as vminfod shows it.</summary>
    public required ImmutableArray<JsonObject> Vms { get; init; }

    /// <summary>What stands against showing a path of this machine in a VM, of the paths that were looked at; null: nothing.</summary>
    public ImmutableDictionary<string, string?> Sources { get; init; } = ImmutableDictionary<string, string?>.Empty;

    /// <summary>Why no zone can be given a dataset here, as the end of a sentence; null: it can.</summary>
    public string? DelegationFault { get; init; }

    /// <summary>The platform's build stamp; "" on a machine without one.</summary>
    public string Platform { get; init; } = "";
}
