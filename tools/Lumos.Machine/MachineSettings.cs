using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Machine;

/// <summary>The hardware of a machine, fixed when it is first made (memory and CPUs may change at each start).</summary>
/// <param name="Disks">Number of virtio disks.</param>
/// <param name="DiskGiB">Size of each, in GiB; the files are sparse.</param>
/// <param name="MemoryMiB">Memory in MiB.</param>
/// <param name="Cpus">Virtual CPUs.</param>
/// <param name="Uuid">The machine's SMBIOS UUID, the same at every start.</param>
public sealed record MachineSettings(int Disks, int DiskGiB, int MemoryMiB, int Cpus, Guid Uuid)
{
    /// <summary>The machine of <c>./lumos up</c> when nothing else is asked for: 4 disks of 8 GiB, 2 GiB, 2 CPUs.</summary>
    public static MachineSettings Default() => new(4, 8, 2048, 2, Guid.NewGuid());

    /// <summary>The NIC's address: QEMU's prefix and the end of the UUID, so that it stays the same too.</summary>
    public string Mac
    {
        get
        {
            string digits = Uuid.ToString("N")[^6..];
            return $"52:54:00:{digits[..2]}:{digits[2..4]}:{digits[4..]}";
        }
    }

    /// <summary>The settings a machine was made with, or null when there is none.</summary>
    public static MachineSettings? Load(MachineFolder folder)
    {
        if (!File.Exists(folder.Settings))
        {
            return null;
        }
        var json = JsonNode.Parse(File.ReadAllText(folder.Settings))!;
        return new MachineSettings(
            (int)json["disks"]!, (int)json["disk_gib"]!, (int)json["memory_mib"]!, (int)json["cpus"]!, Guid.Parse((string)json["uuid"]!));
    }

    public void Save(MachineFolder folder) => File.WriteAllText(folder.Settings, new JsonObject
    {
        ["disks"] = Disks,
        ["disk_gib"] = DiskGiB,
        ["memory_mib"] = MemoryMiB,
        ["cpus"] = Cpus,
        ["uuid"] = Uuid.ToString(),
    }.ToJsonString());

    /// <summary>Refuses what QEMU or the platform could not run.</summary>
    public MachineSettings Checked()
    {
        RequireWithin("--disks", Disks, 1, 24);
        RequireWithin("--disk-size", DiskGiB, 1, 4096);
        RequireWithin("--memory", MemoryMiB, 512, 1024 * 1024);
        RequireWithin("--cpus", Cpus, 1, 64);
        return this;
    }

    private static void RequireWithin(string option, int value, int least, int most)
    {
        if (value < least || value > most)
        {
            throw new UsageException($"{option} is {value}; it may be {least} to {most}");
        }
    }
}
