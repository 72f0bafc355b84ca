using Lumos.LiveImage.ZoneImages;
using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>Images of whole disks, as a machine of their own boots them.</summary>
[Collection("16 recipes")]
public sealed class RecipeTests(Suite suite) : LiveTest(suite)
{
    private string _name = "";

    protected override MachineFolder? LogOf => new(Path.Combine(Suite.Checkout.LiveTests, _name));

    [Theory]
    [InlineData(Firmware.Bios)]
    [InlineData(Firmware.Uefi)]
    [Trait("level", "live")]
    public void The_tiny_guest_boots_under_each_firmware_and_tells_what_it_sees(Firmware firmware)
    {
        using var machine = Machine("tiny", firmware);
        machine.Boot(new BootSource.Disk(firmware));
        Said(machine, $"tiny: ready boots=1 cpus={machine.Settings.Cpus} ", 120);
        string facts = File.ReadAllText(machine.Folder.SerialLog);
        Assert.Contains($"firmware={firmware.ToString().ToLowerInvariant()}", facts);
        Assert.Contains($"nic.eth0={machine.Settings.Mac} {QemuCommand.GuestAddress}/24", facts);
        Assert.Contains($"uuid={machine.Settings.Uuid}", facts);
        // The power button: what it wrote is there at the next boot.
        Assert.Equal("it answered the power button", machine.Qemu.Stop(Suite.Patient(60)));
        Assert.Contains("tiny: going down", SerialConsole.ReadLog(machine.Folder));
        machine.Boot(new BootSource.Disk(firmware));
        Said(machine, "tiny: ready boots=2 ", 120);
    }

    [Theory]
    [InlineData(Firmware.Bios)]
    [InlineData(Firmware.Uefi)]
    [Trait("level", "release")]
    public void The_Debian_for_machines_boots_under_each_firmware_and_cloud_init_sets_it_up(Firmware firmware)
    {
        using var machine = Machine("debian-13-cloud", firmware);
        string seed = Path.Combine(machine.Folder.Root, "seed");
        Directory.CreateDirectory(seed);
        File.WriteAllText(Path.Combine(seed, "meta-data"), "instance-id: i-1\nlocal-hostname: cloud\n");
        File.WriteAllText(Path.Combine(seed, "user-data"), $"#cloud-config\nusers:\n- name: root\n  ssh_authorized_keys:\n  - {File.ReadAllText(machine.Folder.PublicKey).Trim()}\n");
        HostCommand.Run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", "cidata", "-o", machine.Folder.ConfigIso, seed], TimeSpan.FromSeconds(60)).OrThrow();
        // A larger disk than the image: the root grows into it.
        using (var disk = new FileStream(machine.Folder.Disk(0), FileMode.Open, FileAccess.Write))
        {
            disk.SetLength(6L << 30);
        }
        machine.Boot(new BootSource.Disk(firmware, machine.Folder.ConfigIso));
        machine.Zone.WaitForSsh(Suite.Patient(180));
        Ok(machine.Zone.Shell("cloud-init status --wait"));
        Assert.Equal("cloud", Ok(machine.Zone.Run("hostname")).Trim());
        Assert.True(long.Parse(Ok(machine.Zone.Shell("df --output=size -B1 / | tail -1")).Trim(), System.Globalization.CultureInfo.InvariantCulture) > 5L << 30);
        Assert.Equal("", Ok(machine.Zone.Shell("systemctl --failed --no-legend --plain")).Trim());
        Assert.Equal(firmware == Firmware.Uefi ? "uefi" : "bios", Ok(machine.Zone.Shell("test -d /sys/firmware/efi && echo uefi || echo bios")).Trim());
        using var console = machine.Qemu.OpenSerial();
        console.Type("\r");
        console.WaitFor("login:", Suite.Patient(30));
    }

    private LiveMachine Machine(string image, Firmware firmware)
    {
        _name = $"{image}-{firmware}".ToLowerInvariant();
        var built = ZoneImageBuilder.Build(Suite.Options, Suite.Accelerator.Arguments, [image]).Single();
        var machine = Suite.NewMachine(_name, MachineSettings.Default() with { Disks = 1, MemoryMiB = 1024 });
        HostCommand.Run(["cp", "--sparse=always", built.Disk!, machine.Folder.Disk(0)], TimeSpan.FromSeconds(120)).OrThrow();
        return machine;
    }

    private void Said(LiveMachine machine, string text, int seconds) => machine.Zone.WaitFor(
        $"\"{text}\" on the console", Suite.Patient(seconds), () => File.Exists(machine.Folder.SerialLog) && SerialConsole.ReadLog(machine.Folder).Contains(text, StringComparison.Ordinal));
}
