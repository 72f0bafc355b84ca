using System.Text.Json.Nodes;
using Lumos.Vm.Lifecycle;
using Lumos.Zones;
using Lumos.Zones.Docker;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>VMs with docker: true, made, changed and stopped over a runtime without a kernel.</summary>
public sealed class DockerTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void What_the_image_says_is_filled_in_where_the_payload_is_silent()
    {
        string uuid = Create();
        var vm = _machine.Get(uuid);
        var metadata = vm["internal_metadata"]!;
        Assert.Equal("""["/entry"]""", (string?)metadata["docker:entrypoint"]);
        Assert.Equal("""["serve","--port"]""", (string?)metadata["docker:cmd"]);
        Assert.Equal("""["PATH=/bin","A=1"]""", (string?)metadata["docker:env"]);
        Assert.Equal(("/data", "redis", "SIGINT"), ((string?)metadata["docker:workdir"], (string?)metadata["docker:user"], (string?)metadata["docker:stopsignal"]));
        Assert.Equal("""["/data"]""", (string?)metadata["docker:volumes"]);
        Assert.Equal((TestMachine.DockerImage, "docker.io/library/redis:7"), ((string?)metadata["docker:imageid"], (string?)metadata["docker:imagename"]));
        Assert.Equal(uuid.Replace("-", "") + uuid.Replace("-", ""), (string?)metadata["docker:id"]);
        Assert.Equal("docker", (string?)vm["internal_metadata_namespaces"]![0]);
        Assert.Equal((true, false, "g--", 0), ((bool)vm["docker"]!, (bool)vm["restart_init"]!, (string?)vm["zlog_mode"], (int)vm["tmpfs"]!));
        Assert.Equal("running", (string?)vm["state"]);

        var docker = _machine.Runtime.LastBoot!.Docker!;
        Assert.Equal(["/entry", "serve", "--port"], docker.Argv);
        Assert.Equal((2, "redis"), (docker.StopSignal, docker.User));
        Assert.False(Directory.Exists(Path.Combine(_machine.Root, $"zones/{uuid}/root/var/svc")));
    }

    [Fact]
    public void What_the_payload_says_counts()
    {
        string uuid = Create("""
            "internal_metadata": {"docker:entrypoint": "[\"/other\"]", "docker:env": "[\"A=2\",\"B=3\"]", "docker:user": "0", "docker:tty": true, "docker:logdriver": "none", "x": "y"},
            "internal_metadata_namespaces": ["mine"], "tmpfs": 16
            """);
        var vm = _machine.Get(uuid);
        var docker = _machine.Runtime.LastBoot!.Docker!;
        Assert.Equal(["/other"], docker.Argv); // the image's words are of the image's program
        Assert.Equal(["PATH=/bin", "A=2", "B=3"], docker.Env);
        Assert.Equal(("0", true, DockerLogDriver.None), (docker.User, docker.Tty, docker.LogDriver));
        Assert.Equal(("-t-", 16, "y"), ((string?)vm["zlog_mode"], (int)vm["tmpfs"]!, (string?)vm["internal_metadata"]!["x"]));
        Assert.Equal(["mine", "docker"], vm["internal_metadata_namespaces"]!.AsArray().Select(n => (string)n!));
    }

    [Theory]
    [InlineData("""{"brand": "lx", "image_uuid": "IMAGE", "kernel_version": "5.0"}""", "is an image of docker, which has no init")]
    [InlineData("""{"brand": "joyent-minimal", "docker": true, "image_uuid": "NATIVE"}""", "is acted on in VMs of brand lx")]
    [InlineData("""{"brand": "lx", "docker": true, "image_uuid": "LX"}""", "says nothing to run")]
    [InlineData("""{"brand": "lx", "docker": true, "image_uuid": "IMAGE", "internal_metadata": {"docker:cmd": "ls -l"}}""", "docker:cmd is not a list in JSON")]
    [InlineData("""{"brand": "lx", "docker": true, "image_uuid": "IMAGE", "internal_metadata": {"docker:cmd": "[1]"}}""", "docker:cmd is not a list of texts")]
    [InlineData("""{"brand": "lx", "docker": true, "image_uuid": "IMAGE", "internal_metadata": {"docker:restartpolicy": "often"}}""", "docker:restartpolicy \"often\" is not")]
    [InlineData("""{"brand": "lx", "docker": true, "image_uuid": "IMAGE", "internal_metadata": {"docker:stopsignal": "SIGNONE"}}""", "docker:stopsignal \"SIGNONE\" is no signal")]
    [InlineData("""{"brand": "lx", "docker": true, "image_uuid": "IMAGE", "internal_metadata": {"docker:extraHosts": "[\"db\"]"}}""", "docker:extraHosts has \"db\"")]
    [InlineData("""{"brand": "lx", "docker": true, "image_uuid": "IMAGE", "internal_metadata": {"docker:env": "[\"=x\"]"}}""", "docker:env has \"=x\"")]
    [InlineData("""{"brand": "lx", "docker": true, "image_uuid": "IMAGE", "internal_metadata": {"docker:logdriver": "syslog"}}""", "docker:logdriver \"syslog\"")]
    [InlineData("""{"brand": "joyent", "image_uuid": "IMAGE"}""", "brand joyent needs zone-dataset")]
    public void What_makes_no_sense_is_refused_by_name(string payload, string says)
    {
        var run = _machine.Vmadm(payload.Replace("IMAGE", TestMachine.DockerImage).Replace("NATIVE", TestMachine.NativeImage).Replace("LX", TestMachine.LxImage), "create");
        Assert.Equal(1, run.Status);
        Assert.Contains(says, run.Error);
        Assert.Empty(_machine.Host.Zones.ReadIndex().Zones);
    }

    [Fact]
    public void A_stop_gives_ten_seconds_and_a_start_sets_autoboot_only_with_a_policy()
    {
        string uuid = Create(), kept = Create(""" "internal_metadata": {"docker:restartpolicy": "always"} """);
        foreach (string vm in (string[])[uuid, kept])
        {
            Assert.Equal(0, _machine.Vmadm(null, "stop", vm).Status);
            Assert.Contains($"shutdown {vm} Halt 10", _machine.Runtime.Calls);
            Assert.Equal(0, _machine.Vmadm(null, "start", vm).Status);
        }
        Assert.Equal((false, true), ((bool)_machine.Get(uuid)["autoboot"]!, (bool)_machine.Get(kept)["autoboot"]!));
        Assert.Equal(0, _machine.Vmadm(null, "stop", uuid, "-t", "3").Status);
        Assert.Contains($"shutdown {uuid} Halt 3", _machine.Runtime.Calls);
    }

    [Fact]
    public void A_reboot_is_a_stop_and_a_start_and_may_begin_stopped()
    {
        string uuid = Create();
        Assert.Equal(0, _machine.Vmadm(null, "reboot", uuid).Status);
        Assert.Equal([$"shutdown {uuid} Reboot 10", $"boot {uuid}"], _machine.Runtime.Calls.TakeLast(2));
        _machine.Vmadm(null, "stop", uuid);
        Assert.Equal(0, _machine.Vmadm(null, "reboot", uuid).Status);
        Assert.Equal("running", (string?)_machine.Get(uuid)["state"]);
    }

    [Fact]
    public void An_lx_VM_becomes_a_docker_VM_by_an_update_and_its_keys_wait_for_the_next_boot()
    {
        string uuid = Made($$"""{"brand": "lx", "image_uuid": "{{TestMachine.LxImage}}", "kernel_version": "5.0"}""");
        var nothing = _machine.Vmadm("""{"docker": true}""", "update", uuid);
        Assert.Contains("says nothing to run", nothing.Error);
        var update = _machine.Vmadm("""{"docker": true, "set_internal_metadata": {"docker:cmd": "[\"/bin/sleep\",\"3600\"]"}}""", "update", uuid);
        Assert.Equal(0, update.Status);
        Assert.Contains("docker", update.Error);
        var vm = _machine.Get(uuid);
        Assert.Equal((true, false, "g--"), ((bool)vm["docker"]!, (bool)vm["restart_init"]!, (string?)vm["zlog_mode"]));
        Assert.Equal(64, ((string)vm["internal_metadata"]!["docker:id"]!).Length);
        Assert.Equal(0, _machine.Vmadm(null, "reboot", uuid).Status);
        Assert.Equal(["/bin/sleep", "3600"], _machine.Runtime.LastBoot!.Docker!.Argv);
    }

    [Theory]
    [InlineData("no", 3, false)]
    [InlineData("", 3, false)]
    [InlineData("always", 0, true)]
    [InlineData("always", 3, true)]
    [InlineData("unless-stopped", 0, true)]
    [InlineData("on-failure", 0, false)]
    [InlineData("on-failure", 137, true)]
    [InlineData("on-failure", 129, true)] // a signal like any other: there is no init that asks for a reboot
    [InlineData("on-failure:2", 3, true)]
    public void The_policy_says_what_becomes_of_an_end(string policy, int status, bool boots) =>
        Assert.Equal(boots, Decide(policy, Down(), status) is AfterEnd.Boot);

    [Fact]
    public void Restarts_wait_longer_each_time_up_to_a_minute_and_a_number_ends_them()
    {
        var waits = new List<double>();
        var restarts = ZoneRestarts.None;
        for (int i = 0; i < 13 && Decide("always", Down(restarts), 1) is AfterEnd.Boot boot; i++)
        {
            waits.Add(boot.Wait.TotalSeconds);
            restarts = boot.Restarts;
        }
        Assert.Equal([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60, 60], waits);
        Assert.Equal(0.1, Assert.IsType<AfterEnd.Boot>(Decide("always", Down(restarts), 1, seconds: 10)).Wait.TotalSeconds);
        Assert.True(Decide("on-failure:2", Down(new ZoneRestarts(2, 2)), 1) is AfterEnd.Stay { GaveUp: true });
        Assert.True(Decide("always", Down(askedTo: ZoneState.Installed), 0) is AfterEnd.Stay);
        Assert.True(Decide("no", Down(askedTo: ZoneState.Running), 0) is AfterEnd.Boot { Wait.Ticks: 0 });
        Assert.True(DockerRestartPolicy.Decide(Down(), new ZoneExit(1, Booted), DockerRestart.Parse("always")!, autoboot: false, Booted) is AfterEnd.Stay);
    }

    private static readonly DateTimeOffset Booted = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private static ZoneStatus Down(ZoneRestarts? restarts = null, ZoneState? askedTo = null) => new(ZoneState.Down, 1, null, Booted, null)
    {
        Restarts = restarts ?? ZoneRestarts.None,
        Transition = askedTo is { } to ? new ZoneTransition(to, Booted.AddSeconds(60), false) : null,
    };

    private static AfterEnd Decide(string policy, ZoneStatus down, int status, int seconds = 1) =>
        DockerRestartPolicy.Decide(down, new ZoneExit(status, Booted.AddSeconds(seconds)), DockerRestart.Parse(policy)!, autoboot: true, Booted.AddSeconds(seconds));

    private string Made(string payload)
    {
        var run = _machine.Vmadm(payload, "create");
        Assert.True(run.Status == 0, run.Error);
        return run.Error.Trim().Split(' ')[^1];
    }

    private string Create(string more = "")
    {
        var payload = JsonNode.Parse($$"""{"brand": "lx", "docker": true, "image_uuid": "{{TestMachine.DockerImage}}"{{(more.Length > 0 ? "," : "")}} {{more}} }""")!;
        return Made(payload.ToJsonString());
    }
}
