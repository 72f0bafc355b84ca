using System.Collections.Immutable;
using System.Globalization;
using Lumos.Drivers.Oci;

namespace Lumos.Zones.Machines;

/// <summary>What QEMU is started with: its words, and the files that it finds open, from number <see cref="Conmon.FirstDescriptor"/> on.</summary>
public sealed record QemuLaunch(ImmutableArray<string> Words, ImmutableArray<MachineFile> Files);

/// <summary>
/// The command line of QEMU. A function of the machine alone, so that what a guest sees can be read in a golden file: files are
/// named by the numbers under which they will be open.
/// </summary>
public static class QemuCommand
{
    public const string Program = "/usr/bin/qemu-system-x86_64";

    /// <summary>What QEMU may not do any more once it runs: start programs, change ids and priorities, what nobody uses.</summary>
    private const string Sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

    /// <summary>SmartOS's name of the product, by which guests (cloud-init) know that somebody answers at their second serial port.</summary>
    private const string Product = "SmartDC HVM";

    public static QemuLaunch Of(MachineSpec machine)
    {
        var line = new Line();
        line.Add(Program, "-name", $"guest={machine.Uuid},debug-threads=on", "-no-user-config", "-nodefaults", "-sandbox", Sandbox);
        AddFirmware(line, machine);
        AddProcessor(line, machine);
        line.Add(
            "-smp", Text($"{machine.Vcpus}"), "-m", Text($"{machine.Ram}M"),
            "-uuid", machine.Uuid, "-smbios", $"type=1,manufacturer=LumOS,product={Product},uuid={machine.Uuid}",
            "-rtc", "base=utc,driftfix=slew", "-display", "none", "-vnc", "none,password=on",
            "-device", $"{machine.Profile.Displays[machine.Display]},bus={machine.Profile.Bus},addr={machine.Profile.Framebuffer}");
        line.Add(
            "-chardev", Text($"socket,id=qmp,fd={line.Open(new MachineFile.Commands())},server=on,wait=off"), "-mon", "chardev=qmp,mode=control",
            "-chardev", "stdio,id=com1,signal=off", "-device", "isa-serial,chardev=com1,index=0",
            "-chardev", Text($"socket,id=com2,fd={line.Open(new MachineFile.SecondSerialPort())},server=on,wait=off"), "-device", "isa-serial,chardev=com2,index=1");
        var places = new DiskPlaces(machine.Profile);
        for (int n = 0; n < machine.Disks.Length; n++)
        {
            AddDisk(line, machine, n, places);
        }
        for (int n = 0; n < machine.Nics.Length; n++)
        {
            AddNic(line, machine, n);
        }
        return line.Done();
    }

    private static void AddFirmware(Line line, MachineSpec machine)
    {
        string flash = "";
        if (machine.Firmware.Code is { } code)
        {
            line.Add("-blockdev", $"driver=file,filename={code},read-only=on,node-name=firmware");
            flash = ",pflash0=firmware";
        }
        else if (machine.Firmware.File is { } file)
        {
            line.Add("-blockdev", $"driver=file,filename={line.OpenAsName(new MachineFile.Firmware(file))},read-only=on,node-name=firmware");
            flash = ",pflash0=firmware";
        }
        if (machine.Firmware.HasVariables)
        {
            line.Add("-blockdev", $"driver=file,filename={line.OpenAsName(new MachineFile.FirmwareVariables())},node-name=variables");
            flash += ",pflash1=variables";
        }
        line.Add("-machine", $"{machine.Profile.Machine},usb=off{flash}");
    }

    private static void AddProcessor(Line line, MachineSpec machine)
    {
        bool isReal = machine.Accelerator == Accelerator.Kvm;
        line.Add("-accel", isReal ? $"kvm,device={line.OpenAsName(new MachineFile.Kvm())}" : "tcg,thread=multi");
        line.Add("-cpu", machine.CpuType is { } type and not MachineSpec.HostCpu ? type : isReal ? "host" : "max");
    }

    private static void AddDisk(Line line, MachineSpec machine, int n, DiskPlaces places)
    {
        var disk = machine.Disks[n];
        var model = machine.Profile.DiskModels[disk.Model];
        string serial = $",serial={disk.Serial ?? Text($"disk{n}")}", order = Order(machine.BootIndexOfDisk(n)), place = places.Next(disk, model);
        string file = line.OpenAsName(new MachineFile.Disk(disk));
        line.Add("-blockdev", Text($"driver=host_device,filename={file},node-name=disk{n},discard=unmap"));
        if (model.Controller is { } controller)
        {
            line.Add("-device", Text($"{controller},id=controller{n},{place}"));
            place = Text($"bus=controller{n}{model.Bus}");
        }
        line.Add("-device", Text($"{model.Device},drive=disk{n},id=drive{n},{place}{serial}{order}{(model.StopsOnErrors ? OnError : "")}"));
    }

    /// <summary>A guest whose disk has no room any more stands still and goes on where it was, where one that got the error would have lost a write.</summary>
    private const string OnError = ",werror=stop,rerror=report";

    private static void AddNic(Line line, MachineSpec machine, int n)
    {
        var nic = machine.Nics[n];
        int? rank = machine.BootIndexOfNic(n);
        // The program with which a card boots from the network, of use to nobody else.
        string rom = rank is null && machine.LaterBootOrder?.Contains('n') != true ? "romfile=," : "";
        line.Add("-netdev", Text($"tap,id=net{n},fd={line.Open(new MachineFile.Cable(n))}"));
        line.Add("-device", Text(
            $"{machine.Profile.NicModels[nic.Model]},netdev=net{n},id=nic{n},mac={nic.Mac},{rom}{Place(machine.Profile, machine.Profile.FirstNic.After(n))}{Order(rank)}"));
    }

    private static string Order(int? index) => index is { } number ? Text($",bootindex={number}") : "";

    private static string Place(MachineProfile profile, PciSlot slot) =>
        $"bus={profile.Bus},addr={slot}" + (slot.Function == 0 ? ",multifunction=on" : "");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A command line as it grows, and the files that it has spoken of.</summary>
    private sealed class Line
    {
        private readonly ImmutableArray<string>.Builder _words = ImmutableArray.CreateBuilder<string>();
        private readonly ImmutableArray<MachineFile>.Builder _files = ImmutableArray.CreateBuilder<MachineFile>();

        internal void Add(params ReadOnlySpan<string> words) => _words.AddRange(words);

        /// <summary>The number under which the file will be open.</summary>
        internal int Open(MachineFile file)
        {
            _files.Add(file);
            return Conmon.FirstDescriptor + _files.Count - 1;
        }

        /// <summary>The name under which QEMU opens the file, which is open.</summary>
        internal string OpenAsName(MachineFile file)
        {
            int number = Open(file);
            Add("-add-fd", Text($"fd={number},set={number}"));
            return Text($"/dev/fdset/{number}");
        }

        internal QemuLaunch Done() => new(_words.ToImmutable(), _files.ToImmutable());
    }

    /// <summary>Gives out the places of disks: the one that boots has its own, the others follow each other.</summary>
    private sealed class DiskPlaces(MachineProfile profile)
    {
        private int _others, _builtIn;

        internal string Next(MachineDisk disk, DiskModel model) => model.BuiltIn is { } places ? places[_builtIn++]
            : Place(profile, disk.Boots ? profile.BootDisk : profile.FirstDisk.After(_others++));
    }
}
