using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>The main machine once more, booted with noimport: its pool is there but nobody imports it.</summary>
[Collection("10 rescue")]
public sealed class RescueTests(Suite suite) : LiveTest(suite)
{
    [Fact]
    public void With_noimport_the_console_takes_the_builds_password_and_no_pool_is_imported()
    {
        _ = Zone;
        Suite.Main.CutPower();
        Suite.Main.BootDirectly(answers: null, "noimport=true");
        using var console = Suite.Main.Qemu.OpenSerial();
        console.LogIn("root", File.ReadAllText(Suite.Platform.RootPasswordFile).Trim(), Suite.Patient(120));
        console.TypeLine("echo pools=$(zpool list -H | wc -l) config=$(ls /usbkey/config 2>/dev/null | wc -l)");
        console.WaitFor("pools=0 config=0", Suite.Patient(30));
    }
}
