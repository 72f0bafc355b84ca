using System.Collections.Immutable;
using Lumos.Core;

namespace Lumos.Zones.Machines;

/// <summary>What a machine is given for one start, as the words of <c>vmadm start</c> say it: until QEMU ends, and never in the configuration.</summary>
/// <param name="Boot">Null: as its property boot says.</param>
/// <param name="Disks">Beside its own: files in the root of its zone.</param>
public sealed record StartOptions(BootOptions? Boot, ImmutableArray<MachineDisk> Disks)
{
    public static StartOptions None { get; } = new(null, []);

    /// <summary>Words are order=LETTERS[,once=LETTERS], cdrom=PATH,MODEL and disk=PATH,MODEL.</summary>
    /// <exception cref="LumosException">BadStartOption, BadBootOrder.</exception>
    public static StartOptions Parse(IEnumerable<string> words)
    {
        var options = None;
        foreach (string word in words)
        {
            options = word.Split('=', 2) switch
            {
                ["order" or "once", _] when options.Boot is not null => throw Bad(word, "there is an order already"),
                ["order" or "once", _] => options with { Boot = BootOptions.Parse(word) },
                ["cdrom", var what] => options with { Disks = options.Disks.Add(Disk(word, what) with { IsMedia = true }) },
                ["disk", var what] => options with { Disks = options.Disks.Add(Disk(word, what)) },
                _ => throw Bad(word, "options are order=, once=, cdrom= and disk="),
            };
        }
        return options;
    }

    /// <summary>The machine with them.</summary>
    /// <exception cref="LumosException">BadStartOption: it has no such model, or no place for it.</exception>
    public MachineSpec Of(MachineSpec machine)
    {
        machine = machine with { Configured = machine, Disks = [.. machine.Disks, .. Disks.Select(disk => disk with { Model = ModelIn(machine.Profile, disk) })] };
        if (Boot is not null)
        {
            machine = machine with { BootOrder = Boot.First, LaterBootOrder = Boot.Later };
        }
        return MachineReader.Fault(machine) is { } fault ? throw new LumosException("BadStartOption", $"the machine cannot be started like that: {fault}") : machine;
    }

    // What is written for brand kvm is taken for bhyve, too: its drives are on the controller that came after IDE's.
    private static string ModelIn(MachineProfile profile, MachineDisk disk) =>
        disk.Model == "ide" && !profile.DiskModels.ContainsKey("ide") ? "ahci" : disk.Model;

    private static MachineDisk Disk(string word, string what) => what.LastIndexOf(',') is var comma and > 0 && comma < what.Length - 1 && what.StartsWith('/')
        ? new MachineDisk(what[..comma], what[(comma + 1)..]) { IsInRoot = true }
        : throw Bad(word, "an absolute path in the zone's root, a comma and a model (ide, ahci, virtio, scsi) follow");

    private static LumosException Bad(string word, string why) => new("BadStartOption", $"\"{word}\" is no option of a start: {why}");
}
