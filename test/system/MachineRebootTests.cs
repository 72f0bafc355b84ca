using Xunit;

namespace Lumos.SystemTests;

/// <summary>One orderly reboot of the whole machine, looked at from several sides.</summary>
[Collection("08 reboot")]
public sealed class MachineRebootTests(Suite suite) : LiveTest(suite)
{
    [Fact]
    public void Autoboot_zones_are_up_again_data_is_kept_and_changes_of_etc_are_gone()
    {
        foreach (var zone in new[] { Suite.NativeZone, Suite.LxZone })
        {
            Ok(Zone.Zlogin(zone, "sh", "-c", "echo kept >/root/data; sync"));
        }
        Ok(Zone.Shell("echo x >/etc/written; echo x >/root/written; echo x >/var/written; echo x >/opt/written; echo x >/usbkey/written"));
        string hostKey = Ok(Zone.Shell("cat /etc/ssh/ssh_host_ed25519_key.pub"));

        Suite.Main.Reboot();

        foreach (var zone in new[] { Suite.NativeZone, Suite.LxZone })
        {
            Zone.WaitForZone(zone, Suite.Patient(60));
            Assert.Equal("kept", Ok(Zone.Zlogin(zone, "cat", "/root/data")));
        }
        Assert.Equal("/opt/written\n/usbkey/written\n/var/written", Ok(Zone.Shell("ls /etc/written /root/written /var/written /opt/written /usbkey/written 2>/dev/null || true")));
        Assert.Equal(hostKey, Ok(Zone.Shell("cat /etc/ssh/ssh_host_ed25519_key.pub")));
        Assert.Equal("", Ok(Zone.Run("svcs", "-x")));
        AssertConsistent();
    }
}
