using System.Text;
using Lumos.Core;
using Lumos.Zones;
using Lumos.Zones.Config;
using Lumos.Zones.Machines;

namespace Lumos.Vm.CloudInit;

/// <summary>
/// The volume from which cloud-init in a guest learns of its VM (NoCloud), for images that say so (<see cref="SeedDocuments.ImageTag"/>): a disk beside its own, which it can only read.
///
/// It is made of the configuration at each boot, and written when it differs from what lies there: config/cidata.img of the VM, which nobody needs to keep. So it is in no list of disks, takes
/// no place of theirs in the configuration, and a change of a NIC or name is there after the next boot. Metadata may hold passwords: the file is root's alone.
/// Tests: documents, and the file system as other tools read it, in SeedTests; a guest that finds it in Host/MachineSeedHostTests.
/// </summary>
internal static class SeedDisk
{
    private const string Label = "CIDATA", FileName = "cidata.img";

    private const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The zone with it, where its VM wants one.</summary>
    /// <param name="spec">Of the machine's zone.</param>
    /// <param name="config">As it is on disk.</param>
    /// <exception cref="LumosException">SeedTooLarge, NoPlaceForSeed.</exception>
    internal static ZoneSpec Attach(ZoneSpec spec, ZoneConfig config)
    {
        if (spec.Machine is not { } machine || Info.VmLoader.Spec(config, config.Name.Text) is var vm && !SeedDocuments.AreWanted(vm))
        {
            return spec;
        }
        string file = Path.Combine(ConfigFiles.Folder(config.ZonePath), FileName);
        Write(file, FatVolume.Head(Label, [.. SeedDocuments.Of(vm).Select(document => (document.Name, Encoding.UTF8.GetBytes(document.Content)))]));
        machine = machine with { Disks = machine.Disks.Add(new MachineDisk(file, "virtio") { IsReadOnly = true, Serial = "cidata" }) };
        return MachineReader.Fault(machine) is { } fault
            ? throw new LumosException("NoPlaceForSeed", $"the volume for cloud-init has no place beside the VM's disks: {fault}")
            : spec with { Machine = machine };
    }

    // Beside it and then in its place: a QEMU that still runs has the old one. What is cut short is made anew at the next boot.
    private static void Write(string file, byte[] head)
    {
        if (IsThere(file, head))
        {
            return;
        }
        string fresh = file + ".new";
        File.Delete(fresh);
        using (var stream = new FileStream(fresh, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Secret }))
        {
            stream.Write(head);
            stream.SetLength(FatVolume.Bytes);
        }
        File.Move(fresh, file, overwrite: true);
    }

    private static bool IsThere(string file, byte[] head)
    {
        if (!File.Exists(file) || new FileInfo(file).Length != FatVolume.Bytes)
        {
            return false;
        }
        using var stream = File.OpenRead(file);
        byte[] there = new byte[head.Length];
        return stream.ReadAtLeast(there, there.Length, throwOnEndOfStream: false) == there.Length && there.AsSpan().SequenceEqual(head);
    }
}
