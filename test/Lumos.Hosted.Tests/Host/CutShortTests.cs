using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Drivers.Tools;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>
/// A real vmadm, killed by SIGKILL at moments spread over the time that its operation takes, on a real zone: afterwards the VM is as it
/// was or as it was to be, in all its parts, without anybody's help.
/// </summary>
[Trait("level", "host")]
public sealed class CutShortTests(SharedRoot shared) : HostedTest(shared, daemonsStay: false), IClassFixture<SharedRoot>
{
    private const int Moments = 10;

    private readonly HostedRoot _root = shared.Root;

    [Theory]
    [InlineData("start", "stopped false", "running true")]
    [InlineData("stop", "running true", "stopped false")]
    [InlineData("stop -F", "running true", "stopped false")]
    [InlineData("reboot", "running true", "running true")]
    [InlineData("reboot -F", "running true", "running true")]
    public void A_killed_change_of_state_was_not_begun_or_is_finished(string words, string before, string after)
    {
        using var vm = HostedVm.Native(_root);
        Prepare(vm, before);
        var clock = Stopwatch.StartNew();
        vm.Vmadm(words.Split(' ')[0], words.Split(' ')[1..]).OrThrow();
        var takes = clock.Elapsed;
        int kills = 0;
        // On a machine that was busy at the first run and is not now, one comes through before its moment: that is how long it takes, then.
        for (int run = 0; run < Moments || (kills <= Moments / 2 && run < Moments * 4); run++)
        {
            int moment = run % Moments;
            Prepare(vm, before);
            clock.Restart();
            bool killed = Kill(takes * ((moment + 0.5) / Moments), [words.Split(' ')[0], vm.Uuid, .. words.Split(' ')[1..]]);
            kills += killed ? 1 : 0;
            takes = killed || clock.Elapsed > takes ? takes : clock.Elapsed;
            Wait.For($"{before} or {after}", () => !IsNoted(vm) && Shown(vm) is var now && (now == before || now == after), () => Seen(vm, moment));
            // And it stays so.
            string settled = Shown(vm);
            if (settled.StartsWith("running", StringComparison.Ordinal))
            {
                Assert.Equal("in", vm.Zlogin("echo in").OrThrow().Output.Trim());
            }
            Assert.Equal(settled, Shown(vm));
        }
        Assert.True(kills > Moments / 2, $"only {kills} were killed");
    }

    /// <summary>Ctrl-C in a create, sooner and later: it says which VM that was, and what becomes of it.</summary>
    [Fact]
    public void Who_interrupts_a_create_is_told_what_becomes_of_it()
    {
        int told = 0;
        for (int moment = 1; moment <= Moments; moment++)
        {
            string uuid = Guid.NewGuid().ToString();
            var payload = new JsonObject { ["uuid"] = uuid, ["brand"] = "joyent", ["image_uuid"] = TestImages.Native, ["ram"] = 128, ["quota"] = 1 };
            var run = _root.Run(["env", "--default-signal=INT", "timeout", "--signal=INT", (moment * 0.12).ToString("0.00", CultureInfo.InvariantCulture), _root.Program("vmadm"), "create"], payload.ToJsonString());
            bool interrupted = run.Status == 124;
            Assert.True(interrupted || run.Succeeded, $"{run.Status}: {run.ErrorOutput}");
            if (run.ErrorOutput.Length > 0)
            {
                Assert.Equal(interrupted
                    ? $"interrupted: what was begun of VM {uuid} is finished or taken back by vmadmd (\"vmadm get {uuid}\" shows it)"
                    : $"Successfully created VM {uuid}", run.ErrorOutput.Trim().Split('\n')[^1]);
                told += interrupted ? 1 : 0;
            }
            Wait.For("the VM, or nothing", () => _root.Command("vmadm", "list", "-H", "-p", "-o", "state", "uuid=" + uuid).OrThrow().Output.Trim() is "" or "running",
                () => _root.Command("vmadm", "list", "-H", "-p", "-o", "state,pid,zone_state,autoboot", "uuid=" + uuid).Output
                    + string.Join('\n', File.ReadLines(_root.Inside("/var/svc/log/system-smartdc-vmadmd:default.log")).Where(line => line.Contains(uuid, StringComparison.Ordinal)).TakeLast(8)));
            if (_root.Command("vmadm", "lookup", "uuid=" + uuid).OrThrow().Output.Length > 0)
            {
                _root.Command("vmadm", "delete", uuid).OrThrow();
            }
        }
        Assert.True(told > 0, "none was interrupted while it made a VM");
    }

    [Fact]
    public void A_killed_update_is_whole_or_not_there()
    {
        using var vm = HostedVm.Native(_root, new JsonObject { ["cpu_cap"] = 100, ["alias"] = "n0", ["tags"] = new JsonObject { ["n"] = "0" } });
        int kills = 0, whole = 0;
        TimeSpan takes = default;
        // On a machine that has much else to do now, later moments too, until some come through.
        for (int moment = 0; moment <= Moments * 2 || (whole < 2 && moment <= Moments * 20); moment++)
        {
            var payload = new JsonObject { ["alias"] = $"n{moment}", ["quota"] = 1 + moment % 2, ["cpu_cap"] = 100 + moment, ["set_tags"] = new JsonObject { ["n"] = $"{moment}" } };
            var clock = Stopwatch.StartNew();
            if (moment == 0)
            {
                _root.Feed(payload.ToJsonString(), "vmadm", "update", vm.Uuid).OrThrow();
                takes = clock.Elapsed;
            }
            else
            {
                kills += Kill(takes * (moment * 1.5 / (Moments * 2)), ["update", vm.Uuid], payload.ToJsonString()) ? 1 : 0;
            }
            Wait.For("an end of the update", () => !IsNoted(vm));
            var now = vm.Get();
            int n = int.Parse(((string)now["alias"]!)[1..], CultureInfo.InvariantCulture);
            whole += n == moment ? 1 : 0;
            Assert.Equal((n.ToString(CultureInfo.InvariantCulture), 1 + n % 2, 100 + n), ((string)now["tags"]!["n"]!, (int)now["quota"]!, (int)now["cpu_cap"]!));
            if (Directory.Exists(_root.Inside("/run/lumos/cgroup1/cpu")))
            {
                Assert.Equal((100 + n) * 1000, int.Parse(vm.Limit("cpu", "cpu.cfs_quota_us"), CultureInfo.InvariantCulture));
            }
        }
        Assert.True(kills > Moments / 2 && whole > 1, $"{kills} were killed, {whole} came through");
    }

    [Theory]
    [InlineData("svc/system-smartdc-vminfod:default")]
    [InlineData("svc/system-smartdc-vmadmd:default")]
    public void Operations_end_well_while_a_daemon_is_killed_again_and_again(string group)
    {
        using var vm = HostedVm.Native(_root);
        using var over = new CancellationTokenSource();
        int kills = 0;
        var killer = new Thread(() =>
        {
            // Once more, and the restarter gives up: five starts that follow each other this fast are its limit.
            while (!over.IsCancellationRequested && kills < 3)
            {
                string file = _root.Inside($"/sys/fs/cgroup/{group}/cgroup.procs");
                if (File.Exists(file) && File.ReadAllLines(file) is { Length: > 0 } processes)
                {
                    kills += _root.Run(["kill", "-9", .. processes]).Succeeded ? 1 : 0;
                }
                over.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(1.7));
            }
        });
        killer.Start();
        try
        {
            for (int round = 0; round < 2; round++)
            {
                vm.Vmadm("stop").OrThrow();
                Assert.Equal("stopped false", Shown(vm));
                vm.Vmadm("start").OrThrow();
                Assert.Equal("running true", Shown(vm));
                vm.Vmadm("reboot").OrThrow();
                vm.Vmadm("update", $"alias=r{round}", $"cpu_cap={200 + round}").OrThrow();
                Assert.Equal($"r{round}", (string?)vm.Get()["alias"]);
                // The zone asks for it itself: that is vmadmd's to do, whichever lives.
                int pid = vm.Pid;
                vm.Vmadm("kill", "-39").OrThrow(); // RTMIN+5: its init reboots the zone, as its reboot command does
                Wait.For("the zone's own reboot", () => Shown(vm) == "running true" && vm.Get()["pid"] is { } now && (int)now != pid);
            }
        }
        finally
        {
            over.Cancel();
            killer.Join();
        }
        Assert.True(kills > 0, "nothing was killed");
        Wait.For("the daemon", () => _root.Services().All(s => s.Value is "online" or "disabled"));
    }

    private void Prepare(HostedVm vm, string state)
    {
        if (Shown(vm) != state)
        {
            vm.Vmadm(state.StartsWith("running", StringComparison.Ordinal) ? "start" : "stop").OrThrow();
        }
        Assert.Equal(state, Shown(vm));
    }

    /// <summary>True: it was killed before it came to its end.</summary>
    private bool Kill(TimeSpan after, string[] words, string? input = null) =>
        _root.Run(["timeout", "--signal=KILL", after.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture), _root.Program("vmadm"), .. words], input) is { Status: > 127 or < 0 };

    private bool IsNoted(HostedVm vm) =>
        File.Exists(_root.Inside($"/run/lumos/unfinished/{vm.Uuid}.json")) || File.Exists(_root.Inside($"/etc/zones/unfinished/{vm.Uuid}.json"));

    private string Seen(HostedVm vm, int moment)
    {
        string log = _root.Inside("/var/svc/log/system-smartdc-vmadmd:default.log"), record = _root.Inside($"/run/lumos/zone-states/{vm.Uuid}.json");
        return $"killed at moment {moment}: {Shown(vm)}{(IsNoted(vm) ? ", noted" : "")}\n{(File.Exists(record) ? File.ReadAllText(record) : "no record")}\n"
            + string.Join('\n', File.ReadLines(log).Where(line => line.Contains(vm.Uuid, StringComparison.Ordinal)).TakeLast(8));
    }

    private static string Shown(HostedVm vm)
    {
        var now = vm.Get();
        return $"{now["state"]} {now["autoboot"]!.ToJsonString()}";
    }
}
