using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

[Collection("13 wrong answers")]
public sealed class WrongAnswersTests(Suite suite) : LiveTest(suite)
{
    private string _name = "";

    protected override MachineFolder? LogOf => new(Path.Combine(Suite.Checkout.LiveTests, _name));

    [Theory]
    [InlineData("zpool_layout", "raidz9")]
    [InlineData("admin_ip", "10.0.2.999")]
    public void The_key_is_named_the_service_waits_for_help_and_no_disk_is_touched(string key, string value)
    {
        _name = "wrong-" + key;
        using var machine = Suite.NewMachine(_name, MachineSettings.Default() with { Disks = 2, MemoryMiB = 1024 });
        var answers = machine.Answers;
        answers[key] = value;
        machine.BootDirectly(answers);
        using var console = machine.Qemu.OpenSerial();
        console.LogIn("root", "root", Suite.Patient(120));
        console.TypeLine("svcs -H -o state svc:/system/smartdc/init:default; grep -c " + key + " /var/svc/log/system-smartdc-init:default.log");
        console.WaitFor("maintenance", Suite.Patient(60));
        console.WaitFor("\n", Suite.Patient(10));
        console.TypeLine("grep -q " + key + " /var/svc/log/system-smartdc-init:default.log && echo key-is-named-$((40+2))");
        console.WaitFor("key-is-named-42", Suite.Patient(30));
        machine.CutPower();
        for (int i = 0; i < machine.Settings.Disks; i++)
        {
            Assert.Equal("0", HostCommand.Run(["stat", "-c", "%b", machine.Folder.Disk(i)], TimeSpan.FromSeconds(10)).OrThrow().Output.Trim());
        }
    }
}
