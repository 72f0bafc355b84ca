using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Zones.Bundle;
using Lumos.Zones.Config;
using Lumos.Zones.Machines;
using Xunit;

namespace Lumos.Zones.Tests;

/// <summary>What a machine of a configuration is, and the command line that it comes to.</summary>
public sealed class MachineTests
{
    private static MachineSpec Machine(MachineProfile profile, params MachineDisk[] disks) => new()
    {
        Profile = profile, Uuid = "6f1d2c3b-4a59-4e68-8777-86959a4b3c2d", Vcpus = 2, Ram = 512, Disks = [.. disks], Nics = [new("02:08:20:0a:0b:0c", "virtio"), new("02:08:20:0a:0b:0d", "e1000")],
    };

    [Fact]
    public void Disks_and_NICs_of_bhyve_have_SmartOSs_places_whatever_their_order()
    {
        var words = Devices(Machine(MachineProfile.Bhyve, new("/dev/zvol/a", "virtio"), new("/dev/zvol/b", "nvme") { Boots = true, Serial = "0123" }, new("/dev/zvol/c", "ahci")));
        Assert.Equal(
        [
            "pvpanic",
            "VGA,bus=pcie.0,addr=1e.0",
            "isa-serial,chardev=com1,index=0",
            "isa-serial,chardev=com2,index=1",
            "virtio-balloon-pci,id=balloon,bus=pcie.0,addr=1d.0,multifunction=on",
            "virtio-blk-pci,drive=disk0,id=drive0,bus=pcie.0,addr=4.1,serial=disk0,werror=stop,rerror=report",
            "nvme,drive=disk1,id=drive1,bus=pcie.0,addr=4.0,multifunction=on,serial=0123,bootindex=2",
            "ich9-ahci,id=controller2,bus=pcie.0,addr=4.2",
            "ide-hd,drive=disk2,id=drive2,bus=controller2.0,serial=disk2,werror=stop,rerror=report",
            "virtio-net-pci,netdev=net0,id=nic0,mac=02:08:20:0a:0b:0c,romfile=,bus=pcie.0,addr=6.0,multifunction=on",
            "e1000,netdev=net1,id=nic1,mac=02:08:20:0a:0b:0d,romfile=,bus=pcie.0,addr=6.1",
        ], words);
    }

    [Fact]
    public void A_drive_with_media_is_read_only_and_has_a_place_of_its_own()
    {
        var bhyve = Machine(MachineProfile.Bhyve, new("/dev/zvol/a", "virtio") { Boots = true }, new("/x.iso", "ahci") { IsMedia = true }, new("/y.iso", "ahci") { IsMedia = true });
        Assert.Equal(["ich9-ahci,id=controller1,bus=pcie.0,addr=3.0,multifunction=on", "ide-cd,drive=disk1,id=drive1,bus=controller1.0,serial=disk1,bootindex=102", "ich9-ahci,id=controller2,bus=pcie.0,addr=3.1"],
            Devices(bhyve).Where(word => word.Contains("controller", StringComparison.Ordinal)).Take(3));
        Assert.Contains(After("-blockdev", bhyve), word => word.StartsWith("driver=file,", StringComparison.Ordinal) && word.EndsWith("node-name=disk1,read-only=on", StringComparison.Ordinal));
        var kvm = Machine(MachineProfile.Kvm, new("/dev/zvol/a", "ide") { Boots = true }, new("/x.iso", "ide") { IsMedia = true }, new("/dev/zvol/b", "ide"));
        Assert.Contains(Devices(kvm), word => word.StartsWith("ide-cd,drive=disk1,id=drive1,bus=ide.1,unit=0,", StringComparison.Ordinal));
        Assert.Contains(Devices(kvm), word => word.StartsWith("ide-hd,drive=disk2,id=drive2,bus=ide.0,unit=1,", StringComparison.Ordinal));
    }

    [Fact]
    public void A_place_that_is_named_is_taken_and_found_though_nothing_is_at_the_head_of_its_device()
    {
        var machine = Machine(MachineProfile.Bhyve, new("/dev/zvol/a", "virtio") { Boots = true }, new("/dev/zvol/b", "virtio") { Slot = new(9, 3), NoTrim = true, Sectors = new(512, 4096) }, new("/dev/zvol/c", "virtio"));
        Assert.Contains("virtio-blk-pci,drive=disk1,id=drive1,bus=pcie.0,addr=9.3,serial=disk1,logical_block_size=512,physical_block_size=4096,discard=off,write-zeroes=off,werror=stop,rerror=report", Devices(machine));
        Assert.Contains("virtio-rng-pci,bus=pcie.0,addr=9.0,multifunction=on", Devices(machine));
        Assert.Contains(Devices(machine), word => word.StartsWith("virtio-blk-pci,drive=disk2,id=drive2,bus=pcie.0,addr=4.1,", StringComparison.Ordinal));
        Assert.Contains(After("-blockdev", machine), word => word.EndsWith("node-name=disk1,discard=ignore", StringComparison.Ordinal));
    }

    [Fact]
    public void The_port_of_an_agent_is_beside_the_balloon_and_its_other_end_is_handed_over()
    {
        var machine = Machine(MachineProfile.Kvm) with { HasAgent = true };
        Assert.Equal(["virtio-balloon-pci,id=balloon,bus=pci.0,addr=1d.0,multifunction=on", "virtio-serial-pci,id=agent,bus=pci.0,addr=1d.1", "virtserialport,bus=agent.0,chardev=qga,name=org.qemu.guest_agent.0"], Devices(machine)[4..7]);
        Assert.Contains("socket,id=qga,fd=6,server=on,wait=off", After("-chardev", machine));
        Assert.Equal(new MachineFile.AgentPort(), QemuCommand.Of(machine).Files[3]);
        Assert.Contains("29", MachineReader.Fault(Machine(MachineProfile.Bhyve, new MachineDisk("/dev/zvol/a", "virtio") { Slot = new(29, 2) }))!, StringComparison.Ordinal);
        Assert.True(MachineReader.Read(Config().WithAttr("qga", "true"))!.HasAgent);
    }

    [Theory]
    [InlineData("0:5:1", 5, 1)]
    [InlineData("5:1", 5, 1)]
    [InlineData("31", 31, 0)]
    [InlineData("1:5:1", -1, 0)]
    [InlineData("0:32:0", -1, 0)]
    [InlineData("0:5:8", -1, 0)]
    [InlineData("0:5:-1", -1, 0)]
    [InlineData("", -1, 0)]
    public void A_place_is_written_as_SmartOS_writes_it(string text, int device, int function) =>
        Assert.Equal(device < 0 ? null : new PciSlot(device, function), PciSlot.TryParse(text, out var slot) ? slot : (PciSlot?)null);

    [Fact]
    public void Kvm_has_the_older_chip_set_and_its_disk_controller()
    {
        var machine = Machine(MachineProfile.Kvm, new("/dev/zvol/a", "ide") { Boots = true }, new("/dev/zvol/b", "ide"), new("/dev/zvol/c", "virtio"), new("/dev/zvol/d", "scsi"));
        Assert.Equal(
        [
            "ide-hd,drive=disk0,id=drive0,bus=ide.0,unit=0,serial=disk0,bootindex=1,werror=stop,rerror=report",
            "ide-hd,drive=disk1,id=drive1,bus=ide.0,unit=1,serial=disk1,werror=stop,rerror=report",
            "virtio-blk-pci,drive=disk2,id=drive2,bus=pci.0,addr=4.1,serial=disk2,werror=stop,rerror=report",
            "lsi53c895a,id=controller3,bus=pci.0,addr=4.2",
            "scsi-hd,drive=disk3,id=drive3,bus=controller3.0,serial=disk3,werror=stop,rerror=report",
        ], Devices(machine)[5..10]);
        Assert.Equal("pc-i440fx-7.2,usb=off", After("-machine", machine).Single());
    }

    [Fact]
    public void Files_are_open_under_the_numbers_that_are_spoken_of_and_none_is_named()
    {
        var machine = Machine(MachineProfile.Bhyve, new("/dev/zvol/a", "virtio"), new("/dev/zvol/b", "virtio"));
        Assert.Equal(["socket,id=qmp,fd=3,server=on,wait=off", "socket,id=events,fd=4,server=on,wait=off", "stdio,id=com1,signal=off", "socket,id=com2,fd=5,server=on,wait=off"], After("-chardev", machine));
        Assert.Equal(["fd=6,set=6", "fd=7,set=7"], After("-add-fd", machine));
        Assert.Equal(["tap,id=net0,fd=8", "tap,id=net1,fd=9"], After("-netdev", machine));
        Assert.Equal(
            [new MachineFile.Commands(), new MachineFile.Events(), new MachineFile.SecondSerialPort(), new MachineFile.Disk(machine.Disks[0]), new MachineFile.Disk(machine.Disks[1]), new MachineFile.Cable(0), new MachineFile.Cable(1)],
            QemuCommand.Of(machine).Files);
        Assert.DoesNotContain(QemuCommand.Of(machine).Words, word => word.Contains("zvol", StringComparison.Ordinal));
        Assert.Equal(["512M"], After("-m", machine));
        Assert.Equal(["2"], After("-smp", machine));
    }

    [Fact]
    public void Firmware_of_the_platform_is_read_where_it_is_and_what_it_remembers_is_the_machines_own()
    {
        var machine = Machine(MachineProfile.Bhyve) with { Firmware = MachineFirmware.Parse("uefi") };
        Assert.Equal(["driver=file,filename=/usr/share/OVMF/OVMF_CODE_4M.fd,read-only=on,node-name=firmware", "driver=file,filename=/dev/fdset/3,node-name=variables"], After("-blockdev", machine));
        Assert.Equal(["pc-q35-7.2,usb=off,pflash0=firmware,pflash1=variables"], After("-machine", machine));
        var own = machine with { Firmware = MachineFirmware.Parse("/zones/own.fd") };
        Assert.Equal(["driver=file,filename=/dev/fdset/3,read-only=on,node-name=firmware"], After("-blockdev", own));
        Assert.Equal(new MachineFile.Firmware("/zones/own.fd"), QemuCommand.Of(own).Files[0]);
        Assert.Equal((MachineFirmware.Bios, MachineFirmware.Uefi), (MachineFirmware.Parse("/usr/share/bhyve/uefi-csm-rom.bin"), MachineFirmware.Parse("/usr/share/bhyve/uefi-rom.bin")));
    }

    [Fact]
    public void A_processor_is_the_machines_own_where_guests_run_on_it()
    {
        var machine = Machine(MachineProfile.Bhyve);
        Assert.Equal(("tcg,thread=multi", "max"), (After("-accel", machine).Single(), After("-cpu", machine).Single()));
        machine = machine with { Accelerator = Accelerator.Kvm };
        Assert.Equal(("kvm,device=/dev/fdset/3", "host"), (After("-accel", machine).Single(), After("-cpu", machine).Single()));
        Assert.Equal("qemu64", After("-cpu", machine with { CpuType = "qemu64" }).Single());
        Assert.Equal(new MachineFile.Kvm(), QemuCommand.Of(machine).Files[0]);
    }

    [Theory]
    [InlineData("order=cd", ",bootindex=1", "")]
    [InlineData("order=nc", ",bootindex=101", ",bootindex=1")]
    [InlineData("order=cd,once=n", "", ",bootindex=1")]
    [InlineData("order=d", "", "")]
    public void The_firmware_tries_devices_in_the_order_that_was_asked_for(string boot, string disk, string nic)
    {
        var options = BootOptions.Parse(boot);
        var machine = Machine(MachineProfile.Bhyve, new MachineDisk("/dev/zvol/a", "virtio") { Boots = true }) with { BootOrder = options.First, LaterBootOrder = options.Later };
        string Rank(string device) => string.Concat(Devices(machine).Single(words => words.Contains(device, StringComparison.Ordinal)).Split(',').Where(word => word.StartsWith("bootindex", StringComparison.Ordinal)).Select(word => "," + word));
        Assert.Equal((disk, nic), (Rank("drive=disk0"), Rank("netdev=net0")));
    }

    [Fact]
    public void A_start_is_given_an_order_and_drives_for_once()
    {
        var machine = StartOptions.Parse(["order=cd,once=d", "cdrom=/install.iso,ide", "disk=/more.raw,nvme"])
            .Of(Machine(MachineProfile.Bhyve, new MachineDisk("/dev/zvol/a", "virtio") { Boots = true }));
        Assert.Equal(("d", "cd"), (machine.BootOrder, machine.LaterBootOrder));
        Assert.Equal([new MachineDisk("/install.iso", "ahci") { IsMedia = true, IsInRoot = true }, new MachineDisk("/more.raw", "nvme") { IsInRoot = true }], machine.Disks[1..]);
        Assert.Equal((null, 2), (machine.BootIndexOfDisk(0), machine.BootIndexOfDisk(1)));
    }

    [Theory]
    [InlineData("cdrom=install.iso,ide", "an absolute path")]
    [InlineData("cdrom=/install.iso", "an absolute path")]
    [InlineData("disk=/more.raw,floppy", "model \"floppy\"")]
    [InlineData("tape=/x,ide", "options are order=")]
    [InlineData("order=xy", "'x' is none of")]
    public void What_a_start_cannot_be_given_is_told(string word, string words) => Assert.Contains(
        words, Assert.Throws<LumosException>(() => StartOptions.Parse([word]).Of(Machine(MachineProfile.Bhyve))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("order=", "letters follow")]
    [InlineData("order=cc", "each once")]
    [InlineData("order=ca", "'a' is none of")]
    [InlineData("menu=on", "neither order= nor once=")]
    [InlineData("", "neither order= nor once=")]
    public void An_order_of_boot_that_cannot_be_is_told_apart(string boot, string words) =>
        Assert.Contains(words, Assert.Throws<LumosException>(() => BootOptions.Parse(boot)).Message, StringComparison.Ordinal);

    [Fact]
    public void Places_of_disks_end_where_those_of_NICs_begin()
    {
        foreach (var profile in (MachineProfile[])[MachineProfile.Bhyve, MachineProfile.Kvm])
        {
            Assert.Equal(profile.FirstNic, profile.FirstDisk.After(profile.MostDisks - 1));
            var most = Enumerable.Range(0, profile.MostDisks).Select(n => new MachineDisk($"/d{n}", "virtio") { Boots = n == 0 }).ToArray();
            Assert.Null(MachineReader.Fault(Machine(profile, most)));
            Assert.Contains("places for 16", MachineReader.Fault(Machine(profile, [.. most, new("/more", "virtio")])), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_configuration_says_what_the_machine_is()
    {
        var config = Config();
        var machine = MachineReader.Read(config)!;
        Assert.Equal((4, 1024L), (machine.Vcpus, machine.Ram));
        Assert.Equal([new MachineDisk("/dev/zvol/zones/x/disk0", "nvme") { Boots = true, Serial = "aaaaaaaa000040008000" }, new MachineDisk("/dev/zvol/zones/x/disk1", "ahci")], machine.Disks);
        Assert.Equal([new MachineNic("02:08:20:0a:0b:0c", "e1000")], machine.Nics);
        Assert.Null(MachineReader.Read(config with { Brand = ZoneBrand.Lx }));
        Assert.Contains("attr ram", Assert.Throws<LumosException>(() => MachineReader.Read(config.WithAttr("ram", null))).Message, StringComparison.Ordinal);
        Assert.Contains("model \"floppy\"; brand bhyve has ahci, nvme, virtio",
            Assert.Throws<LumosException>(() => MachineReader.Read(config with { Devices = [new("/dev/x", [KeyValuePair.Create("model", "floppy")])] })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_zone_has_no_privilege_nothing_to_write_and_only_what_QEMU_needs()
    {
        var spec = ZoneSpecReader.Read(Config(), null);
        var json = JsonNode.Parse(OciBundle.ConfigJson(spec, Specs.Places(unified: true)))!;
        Assert.True((bool)json["root"]!["readonly"]!);
        Assert.True((bool)json["process"]!["noNewPrivileges"]!);
        Assert.Equal((1, 1), ((int)json["process"]!["user"]!["uid"]!, (int)json["process"]!["user"]!["gid"]!));
        Assert.All(json["process"]!["capabilities"]!.AsObject(), set => Assert.Empty(set.Value!.AsArray()));
        Assert.Equal(QemuCommand.Program, (string?)json["process"]!["args"]![0]);
        var rules = json["linux"]!["seccomp"]!["syscalls"]!.AsArray();
        Assert.Contains(rules, rule => rule!["names"]!.AsArray().Any(name => (string?)name == "unshare") && (string?)rule["action"] == "SCMP_ACT_ERRNO");
        Assert.Contains(rules, rule => (string?)rule!["names"]![0] == "clone" && (long)rule["args"]![0]!["value"]! == 0x10000000);
        var once = rules.Where(rule => rule!["args"] is null).SelectMany(rule => rule!["names"]!.AsArray()).Select(name => (string?)name).ToList();
        Assert.Equal(once.Distinct(), once); // a call with two answers is refused by libseccomp
        Assert.Equal(["/proc", "/dev", "/dev/pts", "/tmp", "/usr"], json["mounts"]!.AsArray().Select(mount => (string?)mount!["destination"]));
    }

    private static ZoneConfig Config() => (ZoneConfigXml.Read(ZoneConfigXmlTests.Sample, "test") with
    {
        Brand = new ZoneBrand("bhyve"),
        FileSystems = [],
        Datasets = [],
        Devices =
        [
            new("/dev/zvol/zones/x/disk0", [KeyValuePair.Create("boot", "true"), KeyValuePair.Create("model", "nvme"), KeyValuePair.Create("uuid", "aaaaaaaa-0000-4000-8000-000000000001")]),
            new("/dev/zvol/zones/x/disk1", []),
        ],
        Networks = [new ZoneNetwork { Physical = "net0", MacAddr = "2:8:20:a:b:c", GlobalNic = "admin" }],
    }).WithAttr("ram", "1024").WithAttr("vcpus", "4").WithAttr("disk-driver", "ahci").WithAttr("nic-driver", "e1000");

    private static string[] Devices(MachineSpec machine) => After("-device", machine);

    private static string[] After(string option, MachineSpec machine)
    {
        var words = QemuCommand.Of(machine).Words;
        return [.. words.Skip(1).Zip(words, (word, before) => (word, before)).Where(pair => pair.before == option).Select(pair => pair.word)];
    }
}
