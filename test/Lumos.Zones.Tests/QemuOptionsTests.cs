using Lumos.Core;
using Lumos.Zones.Machines;
using Xunit;

namespace Lumos.Zones.Tests;

/// <summary>Options of QEMU's that an operator adds to a machine.</summary>
public sealed class QemuOptionsTests
{
    [Theory]
    [InlineData("-cpu max,-vmx", "-cpu", "max,-vmx")]
    [InlineData("-device usb-tablet,bus=xhci.0", "-device", "usb-tablet,bus=xhci.0")]
    [InlineData("--device  qemu-xhci,id=xhci   -no-hpet", "-device", "qemu-xhci,id=xhci", "-no-hpet")]
    [InlineData("-global kvm-pit.lost_tick_policy=delay -rtc base=localtime", "-global", "kvm-pit.lost_tick_policy=delay", "-rtc", "base=localtime")]
    [InlineData("-smbios type=0,vendor=ACME -machine vmport=off -boot menu=on", "-smbios", "type=0,vendor=ACME", "-machine", "vmport=off", "-boot", "menu=on")]
    [InlineData("")]
    public void What_says_something_of_the_guest_is_taken(string text, params string[] words) => Assert.Equal(words, QemuOptions.Parse(text));

    [Theory]
    [InlineData("-drive file=/etc/shadow", "files of the host")]
    [InlineData("-hda /dev/sda", "files of the host")]
    [InlineData("-object memory-backend-file,id=m,mem-path=/x,size=1G", "files of the host")]
    [InlineData("-fw_cfg name=opt/x,file=/etc/shadow", "files of the host")]
    [InlineData("-netdev user,id=n", "another network")]
    [InlineData("-nic user", "another network")]
    [InlineData("-chardev socket,id=c,path=/x", "listen or connect")]
    [InlineData("-gdb tcp::1234", "listen or connect")]
    [InlineData("-s", "listen or connect")]
    [InlineData("-vnc :1", "vnc_port")]
    [InlineData("-m 4096", "a property says it")]
    [InlineData("-sandbox off", "how QEMU runs is ours")]
    [InlineData("-device vfio-pci,host=01:00.0", "devices are")]
    [InlineData("-device driver=vfio-pci", "devices are")]
    [InlineData("-device usb-tablet,romfile=/etc/shadow", "romfile names something of the host's")]
    [InlineData("-device qemu-xhci,usb-storage.drive=x", "drive names something of the host's")]
    [InlineData("-global virtio-net-pci.romfile=/etc/shadow", "romfile names something of the host's")]
    [InlineData("-global driver=virtio-blk-pci,property=drive,value=x", "is not taken")]
    [InlineData("-smbios file=/etc/shadow", "file names something of the host's")]
    [InlineData("-smbios type=11,path=/etc/shadow", "path names something of the host's")]
    [InlineData("-boot splash=/x.jpg", "splash names something of the host's")]
    [InlineData("-machine memory-backend=m", "\"memory-backend\" is none of")]
    [InlineData("-frobnicate", "none of those that are known")]
    [InlineData("-cpu", "its value is missing")]
    [InlineData("virtio", "begins with -")]
    [InlineData("-s 0:20:0,virtio-rnd", "one of bhyve's")]
    [InlineData("-l com3,/dev/x", "one of bhyve's")]
    [InlineData("-c sockets=2,cores=4", "one of bhyve's")]
    [InlineData("-H -P", "one of bhyve's")]
    public void What_reaches_out_of_the_guest_or_is_not_QEMUs_is_refused_with_the_reason(string text, string reason)
    {
        var fault = Assert.Throws<LumosException>(() => QemuOptions.Parse(text));
        Assert.Equal("BadQemuOption", fault.Code);
        Assert.Contains(reason, fault.Message);
    }

    [Fact]
    public void They_are_the_last_of_QEMUs_words()
    {
        var machine = new MachineSpec { Profile = MachineProfile.Bhyve, Uuid = "6f1d2c3b-4a59-4e68-8777-86959a4b3c2d", ExtraWords = QemuOptions.Parse("-device i6300esb") };
        Assert.Equal(["-device", "i6300esb"], QemuCommand.Of(machine).Words[^2..]);
    }
}
