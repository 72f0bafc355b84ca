using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>The machine after its first, unattended boot, with no zone yet.</summary>
[Collection("01 set-up")]
public sealed class SetUpTests(Suite suite) : LiveTest(suite)
{
    private const int MostUsedMiB = 350;

    [Fact]
    public void Four_equal_disks_become_one_raidz1_pool_that_is_ONLINE()
    {
        Assert.Equal("ONLINE", Ok(Zone.Run("zpool", "list", "-H", "-o", "health", "zones")));
        Assert.Contains("raidz1-0", Ok(Zone.Run("zpool", "status", "zones")));
    }

    [Fact]
    public void At_most_350_MiB_are_used_with_no_zone()
    {
        int used = Suite.Main.Zone.UsedMemoryMiB();
        TestContext.Current.TestOutputHelper?.WriteLine($"{used} MiB used after boot");
        Assert.InRange(used, 1, MostUsedMiB);
    }

    [Theory]
    [InlineData("svc:/system/device/udev:default")]
    [InlineData("svc:/system/boot/modules:default")]
    [InlineData("svc:/system/filesystem/smartdc:default")]
    [InlineData("svc:/system/smartdc/init:default")]
    [InlineData("svc:/network/physical:default")]
    [InlineData("svc:/system/smartdc/config:default")]
    [InlineData("svc:/system/system-log:default")]
    [InlineData("svc:/network/ntp:default")]
    [InlineData("svc:/network/ssh:default")]
    [InlineData("svc:/system/console-login:default")]
    [InlineData("svc:/system/smartdc/vminfod:default")]
    [InlineData("svc:/system/smartdc/vmadmd:default")]
    [InlineData("svc:/system/zones:default")]
    [InlineData("svc:/milestone/multi-user:default")]
    public void The_service_is_online(string fmri) =>
        Zone.WaitFor($"{fmri} online", Suite.Patient(20), () => Zone.Run("svcs", "-H", "-o", "state", fmri).Output.Trim() == "online");

    [Fact]
    public void Nothing_is_wrong_with_any_service() => Assert.Equal("", Ok(Zone.Run("svcs", "-x")));

    [Theory]
    [InlineData("zones/config", "/etc/zones")]
    [InlineData("zones/usbkey", "/usbkey")]
    [InlineData("zones/opt", "/opt")]
    [InlineData("zones/var", "/var")]
    public void What_persists_is_mounted_from_the_pool(string dataset, string path) =>
        Assert.Equal(dataset, Ok(Zone.Run("findmnt", "-n", "-o", "SOURCE", path)));

    [Fact]
    public void Swap_is_a_volume_of_the_pool()
    {
        Ok(Zone.Run("zfs", "list", "-t", "volume", "zones/swap"));
        Assert.Contains("/dev/zd", Ok(Zone.Run("cat", "/proc/swaps")));
    }

    [Fact]
    public void Usr_is_read_only()
    {
        string said = Fails(1, Zone.Run("touch", "/usr/sbin/x"));
        Assert.Contains("Read-only file system", said);
    }

    [Fact]
    public void Root_is_in_memory() => Assert.Equal("tmpfs", Ok(Zone.Run("findmnt", "-n", "-o", "FSTYPE", "/")));

    [Fact]
    public void The_answers_are_in_usbkey_config()
    {
        string config = Ok(Zone.Run("cat", "/usbkey/config"));
        Assert.Contains($"admin_nic={Suite.Main.Settings.Mac}", config);
        Assert.Contains("admin_ip=dhcp", config);
        Assert.Contains("hostname=lumos", config);
        Assert.Equal("lumos", Ok(Zone.Run("hostname")));
    }

    [Fact]
    public void Sysinfo_names_this_machine_and_this_image()
    {
        var info = JsonNode.Parse(Ok(Zone.Run("sysinfo")))!;
        Assert.Equal(Suite.Main.Settings.Uuid.ToString(), (string?)info["UUID"]);
        Assert.Equal(Suite.Platform.Stamp, (string?)info["Live Image"]);
        Assert.Equal("zones", (string?)info["Zpool"]);
    }

    [Fact]
    public void The_admin_tag_is_a_bridge_with_the_address_of_DHCP()
    {
        Assert.Contains("10.0.2.15/24", Ok(Zone.Run("ip", "-4", "addr", "show", "dev", "admin")));
        Ok(Zone.Run("ping", "-c", "1", "-W", "10", "10.0.2.2"));
        Assert.Contains("10.0.2.3", Ok(Zone.Run("cat", "/etc/resolv.conf")));
    }

    [Fact]
    public void Statuses_and_streams_pass_through_ssh()
    {
        Fails(7, Zone.Shell("exit 7"));
        Assert.Equal("it's two  words", Ok(Zone.Run("echo", "it's two  words")));
        Assert.Equal("through", Ok(Zone.RunWith("through", "cat")));
    }
}
