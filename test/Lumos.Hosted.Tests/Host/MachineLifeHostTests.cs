using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>What becomes of hardware VMs while they run, as their guests and QEMU tell it.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class MachineLifeHostTests(SharedRoot shared) : HostedTest(shared)
{
    /// <summary>A look for room comes every five seconds.</summary>
    private static readonly TimeSpan LookTime = TimeSpan.FromSeconds(60);

    private readonly HostedRoot _root = shared.Root;

    [Fact]
    public void A_guest_whose_disk_has_no_room_is_held_and_shown_and_goes_on_when_there_is_whoever_is_killed_meanwhile()
    {
        using var image = BuiltImage.Install(_root, "tiny");
        string small = Directory.CreateDirectory(Path.Combine(HostedRoot.Temporary, "small")).FullName, raw = Path.Combine(small, "raw.img");
        _root.Host("exec", "mount", "-t", "tmpfs", "-o", "size=24m", "small", small).OrThrow();
        try
        {
            _root.Host("exec", "truncate", "-s", "64M", raw).OrThrow();
            using var vm = Machine(image, new JsonObject { ["path"] = raw, ["nocreate"] = true });
            var guest = new MachineGuest(_root, vm);
            guest.Ready(boots: 1);
            int pid = vm.Pid;
            Assert.Equal("running", (string?)vm.Get()["run_state"]);
            guest.Ask("(dd if=/dev/zero of=/dev/vdb bs=65536 count=640 conv=fsync; echo all of it) >/tmp/dd 2>&1 &");
            AwaitState(vm, "io-error");
            Assert.Equal("io-error", (string?)JsonNode.Parse(vm.Vmadm("info", "status").OrThrow().Output)!["status"]!["status"]);
            Assert.Equal("io-error", _root.Command("vmadm", "list", "-H", "-o", "run_state", "uuid=" + vm.Uuid).OrThrow().Output.Trim());
            Assert.Single(Log(vm), line => line.Contains("the machine is held", StringComparison.Ordinal));

            // Whoever takes the place of a vmadmd that was killed asks how the guest is.
            int watcher = Admin();
            ProcessHandle.TryOpen(watcher)!.Signal(Signal.KILL);
            Wait.For("another vmadmd", () => Admin() is var now && now != 0 && now != watcher);
            Wait.For("its word", () => Log(vm).Count(line => line.Contains("the machine is held", StringComparison.Ordinal)) == 2);
            Assert.Equal(("running", "io-error"), (vm.State, (string?)vm.Get()["run_state"]));

            _root.Host("exec", "mount", "-o", "remount,size=128m", small).OrThrow();
            AwaitState(vm, "running");
            Wait.For("all of it", () => guest.Ask("cat /tmp/dd").Contains("all of it", StringComparison.Ordinal), patience: LookTime);
            Assert.Equal(pid, vm.Pid);
            vm.Vmadm("stop", "-F").OrThrow();
        }
        finally
        {
            _root.Host("exec", "umount", small).OrThrow();
        }
    }

    [Fact]
    public void A_restart_a_panic_and_each_end_of_a_guest_are_told_apart()
    {
        using var image = BuiltImage.Install(_root, "tiny");
        using var vm = Machine(image);
        var guest = new MachineGuest(_root, vm);
        string before = guest.Ready(boots: 1);
        Assert.Equal((0, false), ((int)vm.Get()["guest_resets"]!, (bool)vm.Get()["boot_pending"]!));
        vm.Update("""{"vcpus": 2}""").OrThrow();
        Wait.For("the change", () => (bool)vm.Get()["boot_pending"]!);
        guest.Type("reboot -f");
        Assert.Contains(" cpus=1 ", guest.Ready(boots: 2));
        Wait.For("the restart", () => (int)vm.Get()["guest_resets"]! == 1, () => vm.Get().ToJsonString() + string.Join('\n', Log(vm)));
        Assert.Single(Log(vm), line => line.Contains("is taken by the next boot", StringComparison.Ordinal));
        vm.Vmadm("reboot").OrThrow();
        Assert.Contains(" cpus=2 ", guest.Ready(boots: 3));
        Assert.Equal((0, false), ((int)vm.Get()["guest_resets"]!, (bool)vm.Get()["boot_pending"]!));

        guest.Type("printf \"\\\\001\" | dd of=/dev/port bs=1 seek=1285 conv=notrunc"); // what the driver of a guest that panics does
        AwaitState(vm, "panicked");
        Assert.Equal("running", vm.State);
        guest.Type("reboot -f");
        guest.Ready(boots: 4);
        AwaitState(vm, "running");

        guest.Type("poweroff -f");
        AwaitEnd(vm, "guest-poweroff");
        Assert.Null(vm.Get()["run_state"]);
        vm.Vmadm("start").OrThrow();
        Assert.Null(vm.Get()["exit_reason"]);
        guest.Ready(boots: 5);
        vm.Vmadm("stop").OrThrow();
        AwaitEnd(vm, "power-button");
        vm.Vmadm("start").OrThrow();
        vm.Vmadm("stop", "-F").OrThrow();
        AwaitEnd(vm, "forced");
        string life = _root.Inside($"/run/lumos/machines/{vm.Uuid}.json");
        Assert.True(File.Exists(life));
        vm.Vmadm("delete").OrThrow();
        Wait.For("the end of its record", () => !File.Exists(life));
    }

    [Fact]
    public void An_agent_is_asked_to_hold_the_guest_still_and_the_guest_tells_of_its_memory()
    {
        using var image = BuiltImage.Install(_root, "tiny");
        using var vm = Machine(image);
        var guest = new MachineGuest(_root, vm);
        guest.Ready(boots: 1);
        vm.Update("""{"qga": true}""").OrThrow();
        Assert.Contains("was not started with a port for an agent", vm.Vmadm("create-snapshot", "none").OrThrow().ErrorOutput, StringComparison.Ordinal);
        vm.Vmadm("reboot", "-F").OrThrow();
        guest.Ready(boots: 2);
        Assert.DoesNotContain("held still", vm.Vmadm("create-snapshot", "one").OrThrow().ErrorOutput, StringComparison.Ordinal);
        Assert.Equal(["guest-fsfreeze-freeze", "guest-fsfreeze-thaw"], guest.Ask("cat /tmp/agent").Split('\n').Select(line => (string?)JsonNode.Parse(line)!["execute"]));

        var told = JsonNode.Parse(vm.Vmadm("info", "balloon").OrThrow().Output)!["balloon"]!;
        Assert.Equal(128L << 20, (long)told["actual"]!);
        Assert.InRange((long)told["guest"]!["total"]!, 64L << 20, 128L << 20);
        Assert.InRange((long)told["guest"]!["free"]!, 1, 128L << 20);
    }

    [Fact]
    public void A_fresh_disk_to_boot_from_leaves_the_others_as_they_are()
    {
        using var image = BuiltImage.Install(_root, "tiny");
        using var vm = Machine(image, new JsonObject { ["size"] = 16 });
        var guest = new MachineGuest(_root, vm);
        guest.Ready(boots: 1);
        guest.Ask("echo kept | dd of=/dev/vdb conv=notrunc,fsync");
        vm.Vmadm("reboot", "-F").OrThrow();
        guest.Ready(boots: 2);
        var before = vm.Get();
        _root.Feed(new JsonObject { ["image_uuid"] = image.Uuid }.ToJsonString(), "vmadm", "reprovision", vm.Uuid).OrThrow();
        // Boots are counted on the disk that it boots from.
        Wait.For("a first boot once more", () => guest.Console().Split("tiny: ready boots=1 ").Length == 3 && guest.Console().TrimEnd().Split('\n').Last().Contains('#'), guest.Console, TimeSpan.FromSeconds(120));
        Assert.Equal("kept", guest.Ask("head -c 4 /dev/vdb"));
        Assert.Equal((before["disks"]!.ToJsonString(), "running"), (vm.Get()["disks"]!.ToJsonString(), vm.State));
    }

    private HostedVm Machine(BuiltImage image, params JsonNode[] disks) => HostedVm.Of(_root, new JsonObject
    {
        ["brand"] = "bhyve", ["alias"] = "machine", ["ram"] = 128, ["vcpus"] = 1,
        ["disks"] = new JsonArray([new JsonObject { ["image_uuid"] = image.Uuid, ["boot"] = true }, .. disks]),
    });

    private static void AwaitState(HostedVm vm, string state) => Wait.For(state, () => (string?)vm.Get()["run_state"] == state, () => vm.Get().ToJsonString(), LookTime);

    private static void AwaitEnd(HostedVm vm, string reason) =>
        Wait.For(reason, () => vm.Get() is var now && ((string?)now["state"], (string?)now["exit_reason"]) == ("stopped", reason), () => vm.Get().ToJsonString(), LookTime);

    private string[] Log(HostedVm vm) =>
        [.. File.ReadLines(_root.Inside("/var/svc/log/system-smartdc-vmadmd:default.log")).Where(line => line.Contains(vm.Uuid, StringComparison.Ordinal))];

    /// <summary>0: there is none now.</summary>
    private int Admin()
    {
        string file = _root.Inside("/sys/fs/cgroup/svc/system-smartdc-vmadmd:default/cgroup.procs");
        return File.Exists(file) && File.ReadLines(file).FirstOrDefault() is { } pid ? int.Parse(pid, CultureInfo.InvariantCulture) : 0;
    }
}
