using System.Collections.Immutable;
using System.Globalization;
using Lumos.Drivers.Oci;

namespace Lumos.Zones.Machines;

/// <summary>
/// The command line of QEMU. A function of the machine alone, so that what a guest sees can be read in a golden file: files are
/// named by the numbers under which they will be open, in the order QMP socket, disks, NICs.
/// </summary>
public static class QemuCommand
{
    public const string Program = "/usr/bin/qemu-system-x86_64";

    /// <summary>What QEMU may not do any more once it runs: start programs, change ids and priorities, what nobody uses.</summary>
    private const string Sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

    public static ImmutableArray<string> Of(MachineSpec machine)
    {
        var words = ImmutableArray.CreateBuilder<string>();
        words.AddRange(
            Program, "-name", $"guest={machine.Uuid},debug-threads=on", "-no-user-config", "-nodefaults", "-sandbox", Sandbox,
            "-machine", machine.Profile.Machine + ",usb=off", "-accel", "tcg,thread=multi", "-cpu", "max",
            "-smp", Text($"{machine.Vcpus}"), "-m", Text($"{machine.Ram}M"),
            "-uuid", machine.Uuid, "-smbios", $"type=1,manufacturer=LumOS,product={machine.Profile.Name},uuid={machine.Uuid}",
            "-rtc", "base=utc,driftfix=slew", "-display", "none",
            "-device", $"VGA,bus={machine.Profile.Bus},addr={machine.Profile.Framebuffer}");
        int number = Conmon.FirstDescriptor;
        words.AddRange(
            "-chardev", Text($"socket,id=qmp,fd={number++},server=on,wait=off"), "-mon", "chardev=qmp,mode=control",
            "-chardev", "stdio,id=com1,signal=off", "-device", "isa-serial,chardev=com1,index=0");
        var places = new DiskPlaces(machine.Profile);
        for (int n = 0; n < machine.Disks.Length; n++, number++)
        {
            AddDisk(words, machine, n, number, places);
        }
        for (int n = 0; n < machine.Nics.Length; n++, number++)
        {
            AddNic(words, machine, n, number);
        }
        return words.ToImmutable();
    }

    private static void AddDisk(ImmutableArray<string>.Builder words, MachineSpec machine, int n, int number, DiskPlaces places)
    {
        var disk = machine.Disks[n];
        var model = machine.Profile.DiskModels[disk.Model];
        string serial = $",serial={disk.Serial ?? Text($"disk{n}")}", order = disk.Boots ? ",bootindex=1" : "", place = places.Next(disk, model);
        words.AddRange("-add-fd", Text($"fd={number},set={number}"));
        words.AddRange("-blockdev", Text($"driver=host_device,filename=/dev/fdset/{number},node-name=disk{n},discard=unmap"));
        if (model.Controller is { } controller)
        {
            words.AddRange("-device", Text($"{controller},id=controller{n},{place}"));
            place = Text($"bus=controller{n}{model.Bus}");
        }
        words.AddRange("-device", Text($"{model.Device},drive=disk{n},id=drive{n},{place}{serial}{order}"));
    }

    private static void AddNic(ImmutableArray<string>.Builder words, MachineSpec machine, int n, int number)
    {
        var nic = machine.Nics[n];
        words.AddRange("-netdev", Text($"tap,id=net{n},fd={number}"));
        words.AddRange("-device", Text(
            $"{machine.Profile.NicModels[nic.Model]},netdev=net{n},id=nic{n},mac={nic.Mac},romfile=,{Place(machine.Profile, machine.Profile.FirstNic.After(n))}"));
    }

    private static string Place(MachineProfile profile, PciSlot slot) =>
        $"bus={profile.Bus},addr={slot}" + (slot.Function == 0 ? ",multifunction=on" : "");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>Gives out the places of disks: the one that boots has its own, the others follow each other.</summary>
    private sealed class DiskPlaces(MachineProfile profile)
    {
        private int _others, _builtIn;

        internal string Next(MachineDisk disk, DiskModel model) => model.BuiltIn is { } places ? places[_builtIn++]
            : Place(profile, disk.Boots ? profile.BootDisk : profile.FirstDisk.After(_others++));
    }
}
