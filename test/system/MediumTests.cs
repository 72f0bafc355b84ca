using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>The ISO, as a user boots it.</summary>
[Collection("12 medium")]
public sealed class MediumTests(Suite suite) : LiveTest(suite)
{
    private string _name = "iso-bios";

    protected override MachineFolder? LogOf => new(Path.Combine(Suite.Checkout.LiveTests, _name));

    [Fact]
    public void Under_BIOS_it_is_set_up_from_a_second_medium_and_the_first_can_be_pulled()
    {
        using var machine = Suite.NewMachine("iso-bios", MachineSettings.Default() with { Disks = 2 });
        machine.BootIso(Firmware.Bios, machine.Answers);
        machine.WaitUntilSetUp();
        Assert.DoesNotContain("iso9660", Ok(machine.Zone.Run("cat", "/proc/mounts")));
        machine.Qemu.PullBootMedium();
        // Programs and manual pages that were not read before come from memory all the same.
        Ok(machine.Zone.Shell("find /usr/sbin/ /usr/bin/ /usr/share/man/ -xtype f -exec cat {} + >/dev/null && vmadm list"));
        Assert.Contains("mirror-0", Ok(machine.Zone.Run("zpool", "status", "zones")));
        using var console = machine.Qemu.OpenSerial();
        console.WaitFor("login:", Suite.Patient(60));
    }

    [Fact]
    public void Under_UEFI_it_comes_to_the_login_prompt()
    {
        _name = "iso-uefi";
        using var machine = Suite.NewMachine("iso-uefi", MachineSettings.Default() with { Disks = 1 });
        machine.BootIso(Firmware.Uefi, machine.Answers);
        using var console = machine.Qemu.OpenSerial();
        console.WaitFor("login:", Suite.Patient(180));
        machine.Zone.WaitForSsh(Suite.Patient(60));
        Ok(machine.Zone.Run("ls", "/sys/firmware/efi"));
    }
}
