using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>Hardware virtual machines: a guest that boots from a clone of an image, obeys its power button, and an emulator that reaches nothing else.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class HardwareVmTests(SharedRoot shared) : HostedTest(shared)
{
    /// <summary>What a guest gets to boot in whose processor is emulated.</summary>
    private static readonly TimeSpan BootTime = TimeSpan.FromSeconds(120);

    private readonly HostedRoot _root = shared.Root;

    [Theory]
    [InlineData("bhyve", "BHYV", "virtio", "virtio", "uuid")]
    [InlineData("kvm", "KVM", "virtio", "e1000", "uuid")]
    public void A_guest_boots_goes_down_when_asked_and_comes_back(string brand, string type, string disk, string nic, string needed)
    {
        using var image = BuiltImage.Install(_root, "tiny");
        using var vm = Machine(brand, image, disk, nic);
        string facts = Ready(vm, boots: 1);
        Assert.Contains(" cpus=2 ", facts);
        Assert.Contains($" disk.vda={40 << 20} disk.vdb={64 << 20} ", facts);
        Assert.Contains($" {needed}={vm.Uuid} ", facts);
        Assert.Contains(" product=SmartDC HVM ", facts);
        Assert.Contains($" hostname={vm.Uuid} ", facts); // which it has asked for over its second serial port
        Assert.Equal("tcg", (string?)vm.Get()["accelerator"]); // where these tests run, no guest does on KVM
        Assert.Matches($" nic\\.eth0={(string)vm.Get()["nics"]![0]!["mac"]!} \\d+\\.\\d+\\.\\d+\\.\\d+/", facts);
        Assert.Equal(type, _root.Command("vmadm", "list", "-H", "-o", "type", "uuid=" + vm.Uuid).OrThrow().Output.Trim());
        var first = vm.Get()["disks"]![0]!;
        Assert.Equal((image.Uuid, true, 40, $"zones/{vm.Uuid}/disk0"), ((string?)first["image_uuid"], (bool)first["boot"]!, (int)first["size"]!, (string?)first["zfs_filesystem"]));

        vm.Vmadm("stop").OrThrow();
        Assert.Equal(("stopped", 1), (vm.State, Console(vm).Split("tiny: going down").Length - 1));
        Assert.DoesNotContain(Directory.GetDirectories("/sys/class/net"), link => Path.GetFileName(link) == LinkOf(vm));
        File.WriteAllBytes(_root.Inside($"/zones/{vm.Uuid}/root/scratch"), new byte[8 << 20]);
        File.WriteAllBytes(_root.Inside($"/zones/{vm.Uuid}/root/medium"), new byte[1 << 20]);
        File.CreateSymbolicLink(_root.Inside($"/zones/{vm.Uuid}/root/out"), "/etc/passwd");
        Assert.NotEqual(0, vm.Vmadm("start", "cdrom=/out,ide").Status); // a link leads nowhere from in there
        Assert.Contains("no option of a start", vm.Vmadm("start", "menu=on").ErrorOutput);
        vm.Vmadm("start", "order=cd,once=dc", "cdrom=/medium,ide", "disk=/scratch,virtio").OrThrow();
        Assert.Contains($" disk.vdc={8 << 20} ", Ready(vm, boots: 2)); // an empty medium does not boot, so that the next does
        vm.Vmadm("reboot").OrThrow();
        Assert.Equal(2, Console(vm).Split("tiny: going down").Length - 1);
        Assert.DoesNotContain("disk.vdc", Ready(vm, boots: 3)); // which was for that once
        vm.Vmadm("stop", "-F").OrThrow();
        Assert.Equal(("stopped", 2), (vm.State, Console(vm).Split("tiny: going down").Length - 1));
        vm.Vmadm("delete").OrThrow();
        Assert.False(Directory.Exists(_root.Inside($"/dev/zvol/zones/{vm.Uuid}")));
    }

    [Fact]
    public void The_emulator_has_its_open_files_and_nothing_else_and_a_dead_one_is_started_again()
    {
        using var image = BuiltImage.Install(_root, "tiny");
        using var vm = Machine("bhyve", image, "virtio", "virtio");
        Ready(vm, boots: 1);
        int pid = vm.Pid;
        string status = File.ReadAllText($"/proc/{pid}/status");
        foreach (string set in (string[])["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
        {
            Assert.Contains($"{set}:\t0000000000000000\n", status);
        }
        Assert.Contains("NoNewPrivs:\t1\n", status);
        Assert.Contains("Seccomp:\t2\n", status);
        uint user = uint.Parse(Regex.Match(status, @"Uid:\t(\d+)").Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(user, 65536u * (1 + (uint)vm.Get()["zonedid"]!), (65536u * (2 + (uint)vm.Get()["zonedid"]!)) - 1);
        Assert.Single(File.ReadAllLines($"/proc/{pid}/net/dev").Skip(2), line => line.TrimStart().StartsWith("lo:", StringComparison.Ordinal));
        // All that it could write to, were it somebody: memory of its own.
        var writable = File.ReadAllLines($"/proc/{pid}/mountinfo").Select(line => line.Split(' '))
            .Where(fields => fields[5].Split(',')[0] == "rw").Select(fields => fields[4]);
        Assert.Equal(["/dev", "/dev/console", "/dev/pts", "/proc", "/tmp"], writable.Where(target => !target.StartsWith("/proc/", StringComparison.Ordinal)).Where(target => !IsDevice(target)).Order(StringComparer.Ordinal));

        Lumos.Linux.Spawn.ProcessHandle.TryOpen(pid)!.Signal(Lumos.Linux.Signals.Signal.KILL);
        Wait.For("another emulator", () => vm.Get() is { } now && (string?)now["state"] == "running" && (int)now["pid"]! != pid);
        Ready(vm, boots: 2);
        Assert.Equal(1, (int)vm.Get()["init_restarts"]!);
    }

    /// <summary>Whoever has taken over the emulator runs what he likes, as what it is: an attacker is put in its place.</summary>
    [Fact]
    public void Who_has_taken_over_the_emulator_reaches_nothing()
    {
        using var image = BuiltImage.Install(_root, "tiny");
        using var vm = Machine("bhyve", image, "virtio", "virtio");
        using var other = HostedVm.Of(_root, new JsonObject { ["brand"] = "bhyve", ["autoboot"] = false, ["disks"] = new JsonArray(new JsonObject { ["size"] = 8 }) });
        int pid = vm.Pid;
        // Each line tries one thing, and says so where it came of it.
        const string Attack = """
            b=/usr/bin/busybox
            [ "$($b id -u)" = 1 ] || echo "is somebody else: $($b id)"
            for place in / /usr /usr/bin /bin /dev /proc /proc/sys/kernel/core_pattern /sys; do
                $b touch $place/attack 2>/dev/null && echo "writes in $place"
            done
            $b find / -xdev -type f -perm -4000 2>/dev/null | while read -r each; do [ "$($each -c 'id -u' root 2>/dev/null)" != 0 ] || echo "is root by $each"; done
            $b mount -t tmpfs none /tmp 2>/dev/null && echo mounts
            $b mount -t proc none /tmp 2>/dev/null && echo mounts proc
            $b unshare -Ur true 2>/dev/null && echo "has a user namespace"
            $b unshare -Urm $b mount -t tmpfs none /tmp 2>/dev/null && echo "has a user namespace and mounts"
            $b unshare -n true 2>/dev/null && echo "has a network namespace"
            $b chroot /usr /bin/busybox true 2>/dev/null && echo "changes its root"
            $b mknod /tmp/disk b 8 0 2>/dev/null && echo "makes a device"
            for device in /dev/kvm /dev/net/tun /dev/sda /dev/vda /dev/loop0 /dev/zvol /dev/mem /dev/zfs; do
                [ ! -e $device ] || echo "sees $device"
            done
            for fd in /proc/1/fd/*; do
                case $($b readlink $fd) in
                    /dev/null | /dev/pts/* | /dev/ptmx | pipe:* | socket:* | anon_inode:* | '') ;;
                    *) $b dd if=$fd of=/dev/null bs=512 count=1 2>/dev/null && echo "opens $fd again: $($b readlink $fd)" ;;
                esac
            done
            [ "$($b ls /proc | $b grep -c '^[0-9]')" -le 6 ] || echo "sees other processes: $($b ps)"
            [ "$($b tail -n +3 /proc/net/dev | $b wc -l)" = 1 ] || echo "has a network: $($b cat /proc/net/dev)"
            $b ip link add v0 type dummy 2>/dev/null && echo "makes a link"
            $b ping -c 1 -W 1 169.254.169.254 2>/dev/null >&2 && echo "reaches somebody"
            $b dmesg 2>/dev/null | $b grep -q . && echo "reads the kernel's log"
            $b hostname attacked 2>/dev/null && echo "names the machine"
            $b date -s 2000-01-01 2>/dev/null >&2
            [ "$($b date +%Y)" != 2000 ] || echo "sets the clock"
            $b nice -n -5 true 2>/dev/null && echo "goes before others"
            echo done
            """;
        var runtime = Lumos.Drivers.Oci.OciRuntime.Crun;
        if (_root.Host("exec", "test", "-e", $"{runtime.StateRoot}/{vm.Uuid}").Status != 0)
        {
            runtime = Lumos.Drivers.Oci.OciRuntime.Runc;
        }
        var attacked = _root.Host("exec", [.. runtime.Words("exec", "--user", "1:1", vm.Uuid, "/usr/bin/busybox", "sh", "-c", Attack)]).OrThrow();
        Assert.Equal("done", attacked.Output.Trim());
        Assert.Equal((pid, "running"), (vm.Pid, vm.State));
        Assert.Equal("stopped", other.State);
    }

    [Fact]
    public void What_cannot_be_is_refused_before_anything_is_made()
    {
        using var image = BuiltImage.Install(_root, "tiny");
        void Refused(string words, JsonObject payload)
        {
            payload["brand"] ??= "bhyve";
            var refused = _root.Feed(payload.ToJsonString(), "vmadm", "create");
            Assert.NotEqual(0, refused.Status);
            Assert.Contains(words, refused.ErrorOutput);
        }
        JsonObject With(params JsonObject[] disks) => new() { ["disks"] = new JsonArray([.. disks]) };
        Refused("neither image_uuid", With(new JsonObject { ["model"] = "virtio" }));
        Refused("is not what image", With(new JsonObject { ["image_uuid"] = image.Uuid, ["size"] = 100 }));
        Refused("is of type zone-dataset", With(new JsonObject { ["image_uuid"] = TestImages.Native }));
        Refused("brand kvm has ide, scsi, virtio", new JsonObject { ["brand"] = "kvm", ["disks"] = new JsonArray(new JsonObject { ["size"] = 8, ["model"] = "nvme" }) });
        Refused("more than one disk boots", With(new JsonObject { ["size"] = 8, ["boot"] = true }, new JsonObject { ["size"] = 8, ["boot"] = true }));
        Refused("there is no file /nowhere/own.fd", new JsonObject { ["bootrom"] = "/nowhere/own.fd" });
        using var vm = HostedVm.Of(_root, new JsonObject { ["brand"] = "bhyve", ["autoboot"] = false, ["disks"] = new JsonArray(new JsonObject { ["size"] = 8 }) });
        Assert.Contains("which it would take the place of, of 8", _root.Feed($$"""{"image_uuid": "{{image.Uuid}}"}""", "vmadm", "reprovision", vm.Uuid).ErrorOutput);
        Assert.Contains("vmadm console", vm.Zlogin("true").ErrorOutput);
    }

    [Fact]
    public void A_screen_is_seen_by_who_knows_the_password()
    {
        using var image = BuiltImage.Install(_root, "tiny");
        using var vm = Machine("bhyve", image, "virtio", "virtio", new JsonObject { ["vnc_password"] = "tell-me", ["bootrom"] = "uefi" });
        JsonObject? port = null;
        Wait.For("the port", () => (port = Info(vm, "vnc")["vnc"] as JsonObject) is not null);
        var seen = port!;
        var at = new System.Net.IPEndPoint(System.Net.IPAddress.Parse((string)seen["host"]!), (int)seen["port"]!);
        Assert.Equal((int)seen["port"]! - 5900, (int)seen["display"]!);
        using (var viewer = VncViewer.Connect(at, "tell-me"))
        {
            Assert.InRange(viewer.Width, 640, 1920);
            Assert.Contains(vm.Uuid, viewer.Name);
        }
        Assert.Throws<UnauthorizedAccessException>(() => VncViewer.Connect(at, "tell-you"));

        // A port is kept by whoever takes vmadmd's place; a password counts from the next viewer on.
        using (var stays = VncViewer.Connect(at, "tell-me"))
        {
            vm.Vmadm("update", "vnc_password=changed").OrThrow();
            _root.Command("svcadm", "restart", "vmadmd").OrThrow();
            Wait.For("vmadmd", () => _root.Command("svcs", "-H", "-o", "state", "vmadmd").Output.Trim() == "online");
            Wait.For("the port again", () => CanConnect(at, "changed"));
            Assert.True(stays.IsAnswered());
        }
        vm.Vmadm("update", "vnc_port=-1").OrThrow();
        Wait.For("the port to close", () => !CanConnect(at, "changed"));

        var info = Info(vm);
        Assert.Equal(["block", "blockstats", "chardev", "cpus", "kvm", "pci", "spice", "status", "version", "vnc"], info.Select(pair => pair.Key).Order(StringComparer.Ordinal));
        Assert.Equal("running", (string?)info["status"]!["status"]);
        Assert.Equal(2, info["cpus"]!.AsArray().Count);
        vm.Vmadm("sysrq", "screenshot").OrThrow();
        Assert.Equal("P6"u8.ToArray(), File.ReadAllBytes(_root.Inside($"/zones/{vm.Uuid}/root/tmp/vm.ppm"))[..2]);
        vm.Vmadm("sysrq", "nmi").OrThrow();
        vm.Vmadm("stop", "-F").OrThrow();
        Assert.Contains("only one that runs", vm.Vmadm("info").ErrorOutput);
        Assert.Equal(540672, new FileInfo(_root.Inside($"/zones/{vm.Uuid}/config/uefi-vars.fd")).Length);
    }

    private static bool CanConnect(System.Net.IPEndPoint at, string password)
    {
        try
        {
            VncViewer.Connect(at, password).Dispose();
            return true;
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private JsonObject Info(HostedVm vm, params string[] types) => (JsonObject)JsonNode.Parse(vm.Vmadm("info", types).OrThrow().Output)!;

    private HostedVm Machine(string brand, BuiltImage image, string disk, string nic, JsonObject? more = null) => HostedVm.Of(_root, With(more, new JsonObject
    {
        ["brand"] = brand, ["alias"] = "machine", ["ram"] = 128, ["vcpus"] = 2,
        ["disks"] = new JsonArray(new JsonObject { ["image_uuid"] = image.Uuid, ["boot"] = true, ["model"] = disk }, new JsonObject { ["size"] = 64, ["model"] = "virtio" }),
        ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["primary"] = true, ["model"] = nic }),
    }));

    private static JsonObject With(JsonObject? more, JsonObject payload)
    {
        foreach (var (name, value) in more ?? [])
        {
            payload[name] = value?.DeepClone();
        }
        return payload;
    }

    /// <summary>Waits until the guest is up, and returns what it says of itself.</summary>
    private string Ready(HostedVm vm, int boots)
    {
        string start = $"tiny: ready boots={boots} ", line = "";
        Wait.For("the guest", () => (line = Console(vm).Split('\n').FirstOrDefault(one => one.StartsWith(start, StringComparison.Ordinal)) ?? "").Contains("firmware=", StringComparison.Ordinal),
            () => Console(vm), BootTime);
        return line;
    }

    /// <summary>What appeared on the first serial port: the log's lines are TIME STREAM F|P TEXT.</summary>
    private string Console(HostedVm vm)
    {
        string file = _root.Inside($"/zones/{vm.Uuid}/logs/console.log");
        var text = new StringBuilder();
        foreach (string[] parts in (File.Exists(file) ? File.ReadLines(file) : []).Select(line => line.Split(' ', 4)).Where(parts => parts.Length == 4))
        {
            text.Append(parts[3].TrimEnd('\r')).Append(parts[2] == "F" ? "\n" : "");
        }
        return text.ToString();
    }

    private string LinkOf(HostedVm vm) => $"{_root.Name}.{(int)vm.Get()["zonedid"]!}.0";

    private static bool IsDevice(string target) => target is "/dev/null" or "/dev/zero" or "/dev/full" or "/dev/random" or "/dev/urandom" or "/dev/tty";
}
