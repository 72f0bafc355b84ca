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
            "-device", "pvpanic", "-action", "panic=none", // a guest that is lost says so, and does what it was told to do then
            "-device", $"{machine.Profile.Displays[machine.Display]},bus={machine.Profile.Bus},addr={machine.Profile.Framebuffer}");
        line.Add(
            "-chardev", Text($"socket,id=qmp,fd={line.Open(new MachineFile.Commands())},server=on,wait=off"), "-mon", "chardev=qmp,mode=control",
            "-chardev", Text($"socket,id=events,fd={line.Open(new MachineFile.Events())},server=on,wait=off"), "-mon", "chardev=events,mode=control",
            "-chardev", "stdio,id=com1,signal=off", "-device", "isa-serial,chardev=com1,index=0",
            "-chardev", Text($"socket,id=com2,fd={line.Open(new MachineFile.SecondSerialPort())},server=on,wait=off"), "-device", "isa-serial,chardev=com2,index=1");
        line.Add("-device", $"virtio-balloon-pci,id=balloon,{Place(machine.Profile, machine.Profile.FirstOwn)}");
        if (machine.HasAgent)
        {
            line.Add(
                "-device", $"virtio-serial-pci,id=agent,{Place(machine.Profile, machine.Profile.FirstOwn.After(1))}",
                "-chardev", Text($"socket,id=qga,fd={line.Open(new MachineFile.AgentPort())},server=on,wait=off"),
                "-device", "virtserialport,bus=agent.0,chardev=qga,name=org.qemu.guest_agent.0");
        }
        DiskWords.Add(line, machine);
        for (int n = 0; n < machine.Nics.Length; n++)
        {
            AddNic(line, machine, n);
        }
        line.Add(machine.ExtraWords.AsSpan());
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

    internal static string Order(int? index) => index is { } number ? Text($",bootindex={number}") : "";

    internal static string Place(MachineProfile profile, PciSlot slot) =>
        $"bus={profile.Bus},addr={slot}" + (slot.Function == 0 ? ",multifunction=on" : "");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A command line as it grows, and the files that it has spoken of.</summary>
    internal sealed class Line
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
}
