using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

[Collection("11 small machine")]
public sealed class SmallMachineTests(Suite suite) : LiveTest(suite)
{
    protected override MachineFolder? LogOf => new(Path.Combine(Suite.Checkout.LiveTests, "small"));

    [Fact]
    public void A_machine_with_1_GiB_and_one_disk_boots_and_sets_itself_up()
    {
        using var machine = Suite.NewMachine("small", MachineSettings.Default() with { Disks = 1, MemoryMiB = 1024 });
        machine.BootDirectly(machine.Answers);
        machine.WaitUntilSetUp();
        Assert.DoesNotContain("raidz", Ok(machine.Zone.Run("zpool", "status", "zones")));
        Assert.Equal("", Ok(machine.Zone.Run("svcs", "-x")));
    }
}
