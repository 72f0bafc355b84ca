using System.Text.Json.Nodes;
using Lumos.LiveImage;
using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>The Debian package on the releases it is for: taken in by apt, run by systemd beside what else runs, purged without a trace.</summary>
[Collection("15 stock debian")]
[Trait("level", "release")]
public sealed class StockDebianTests(Suite suite) : LiveTest(suite)
{
    private string _release = "";

    protected override MachineFolder? LogOf => new(Path.Combine(Suite.Checkout.LiveTests, _release));

    [Theory]
    [InlineData("bookworm")]
    [InlineData("trixie")]
    public void The_package_installs_runs_zones_under_systemd_and_purges_cleanly(string release)
    {
        _release = release;
        var debian = StockDebian.Of(Suite.Options, release, Path.Combine(Suite.Checkout.Root, "images/deb/control"));
        string package = HostedBuilder.BuildPackage(Suite.Options);
        using var machine = Suite.NewMachine(release, MachineSettings.Default() with { Disks = 1 });
        machine.Boot(debian.For(machine.Folder));
        var host = machine.Zone;
        host.WaitForSsh(Suite.Patient(120));
        Ok(host.Shell("systemctl is-system-running --wait | grep -x running"));
        string files = Ok(host.Shell(Files)), objects = Ok(host.Shell(Objects));

        Send(machine, package, "/root/lumos.deb");
        Ok(host.Shell("apt-get install --yes /root/lumos.deb && rm /root/lumos.deb"));
        Assert.Equal(objects, Ok(host.Shell(Objects)));
        Assert.Contains("lumos-host up", Fails(1, host.Run("vmadm", "list")));
        Ok(host.Run("systemctl", "enable", "--now", "lumos"));
        host.WaitFor("the hosted global zone", Suite.Patient(60), () => host.Run("lumos-host", "status").Output.Contains("storage:  btrfs", StringComparison.Ordinal));
        host.WaitForServices(Suite.Patient(60));

        var image = SendImage(machine, "lumos-base");
        var uuid = host.Create(new JsonObject
        {
            ["brand"] = "joyent", ["alias"] = "native", ["image_uuid"] = image.ToString(), ["ram"] = 128, ["quota"] = 1, ["autoboot"] = true,
            ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["primary"] = true }),
        });
        host.WaitForZone(uuid, Suite.Patient(60));
        // A unified hierarchy of control groups, as systemd mounts it on a stock Debian.
        Assert.Equal("cgroup2fs", Ok(host.Run("stat", "-f", "-c", "%T", "/sys/fs/cgroup")));
        string pid = host.Get(uuid)!["pid"]!.ToString();
        Assert.Equal($"{128L << 20}", Ok(host.Shell($"cat /sys/fs/cgroup$(sed -n 's/^0:://p' /proc/{pid}/cgroup | sed 's|\\({uuid}\\).*|\\1|')/memory.max")));
        host.WaitFor("the lease", Suite.Patient(30), () => host.Zlogin(uuid, "sh", "-c", "ip -4 -o addr show dev net0 | grep -c 'inet '").Output.Trim() == "1");
        Assert.Contains("1 packets received", Ok(host.Zlogin(uuid, "sh", "-c", "busybox ping -c 1 -w 10 $(ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p')")));

        // The supervisor dies; systemd starts it again and the zone never noticed.
        Ok(host.Shell("kill -9 $(systemctl show -P MainPID lumos)"));
        host.WaitFor("the service again", Suite.Patient(30), () => host.Run("systemctl", "is-active", "lumos").Output.Trim() == "active" && host.Get(uuid) is not null);
        Assert.Equal(pid, host.Get(uuid)!["pid"]!.ToString());

        // A reboot of the host brings it back, and what was written with it.
        Ok(host.Zlogin(uuid, "sh", "-c", "echo kept > /root/file; sync"));
        Ok(host.Run("systemctl", "stop", "lumos"));
        Assert.Equal(objects, Ok(host.Shell(Objects)));
        Ok(host.Run("systemctl", "start", "lumos"));
        host.WaitForZone(uuid, Suite.Patient(90));
        Assert.Equal("kept", Ok(host.Zlogin(uuid, "cat", "/root/file")));

        Ok(host.Run("apt-get", "purge", "--yes", "lumos"));
        Assert.Equal(objects, Ok(host.Shell(Objects)));
        Assert.Equal(files, Ok(host.Shell(Files)));
        Ok(host.Shell("! ls -d /run/lumos")); // locks that roots of one host share stay until the package goes
        Assert.Equal("", Ok(host.Shell("systemctl --failed --no-legend --plain")));
    }

    // dpkg's own records, logs and caches apart; systemd keeps timers' stamps and random seeds.
    private const string Files = "find / -xdev -not -path '/var/lib/dpkg*' -not -path '/var/log*' -not -path '/var/cache*' -not -path '/var/lib/apt*' -not -path '/var/lib/systemd*' " +
        "-not -path '/tmp/*' -not -path '/var/tmp/*' -not -path '/root/.ssh*' | sort";

    private const string Objects = "findmnt -rno TARGET | grep -v -e /run/user -e binfmt_misc -e /run/credentials | sort; ls /sys/class/net; nft list tables; losetup -a; " +
        "find /sys/fs/cgroup -type d -name '*lumos*'; find /run -path /run/udev -prune -o -name '*lumos*' -not -path /run/lumos -print; ls /run/netns 2>/dev/null || true";

    private void Send(LiveMachine machine, string file, string target)
    {
        using var stream = File.OpenRead(file);
        Ok(HostCommand.RunWithFile(machine.Qemu.Ssh.Attached(["sh", "-c", $"cat > {target}"], terminal: false), stream, Suite.Patient(60)));
    }

    private Guid SendImage(LiveMachine machine, string name)
    {
        string stream = Directory.EnumerateFiles(Path.Combine(Suite.Checkout.Out, "images"), name + "-*.zfs.gz").Single();
        Send(machine, stream, "/root/image.zfs.gz");
        Send(machine, stream.Replace(".zfs.gz", ".json", StringComparison.Ordinal), "/root/image.json");
        Ok(machine.Zone.Shell("imgadm install -m /root/image.json -f /root/image.zfs.gz && rm /root/image.*"));
        return Suite.ImageUuid(name);
    }
}
