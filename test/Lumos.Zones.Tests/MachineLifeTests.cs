using System.Text.Json.Nodes;
using Lumos.Drivers.Qemu;
using Lumos.Zones.Machines;
using Xunit;

namespace Lumos.Zones.Tests;

/// <summary>What becomes of a machine by what its QEMU says.</summary>
public sealed class MachineLifeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-life-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("running")]
    [InlineData("io-error", """BLOCK_IO_ERROR {"action": "stop", "nospace": true}""", "STOP")]
    [InlineData("running", """BLOCK_IO_ERROR {"action": "report"}""")]
    [InlineData("running", """BLOCK_IO_ERROR {"action": "stop"}""", "STOP", "RESUME")]
    [InlineData("paused", "STOP")]
    [InlineData("panicked", "GUEST_PANICKED", "STOP")]
    [InlineData("panicked", "GUEST_PANICKED", "RESUME")]
    [InlineData("running", "GUEST_PANICKED", "RESET")]
    [InlineData("running", "BLOCK_IO_ERROR", "NIC_RX_FILTER_CHANGED", """STOPPED {"x": 1}""")]
    public void Its_state_is_that_of_the_guest(string state, params string[] events) => Assert.Equal(state, Life(events).RunState);

    [Theory]
    [InlineData("guest-poweroff", """SHUTDOWN {"guest": true, "reason": "guest-shutdown"}""")]
    [InlineData("power-button", "POWERDOWN", """SHUTDOWN {"guest": true, "reason": "guest-shutdown"}""")]
    [InlineData("guest-panic", "GUEST_PANICKED", """SHUTDOWN {"guest": true, "reason": "guest-shutdown"}""")]
    [InlineData("guest-panic", """SHUTDOWN {"reason": "guest-panic"}""")]
    [InlineData("forced", """SHUTDOWN {"guest": false, "reason": "host-signal"}""")]
    [InlineData("forced", """SHUTDOWN {"reason": {"odd": 1}}""")]
    [InlineData(null, "POWERDOWN", "RESET")]
    public void An_end_has_a_reason(string? end, params string[] events)
    {
        Assert.Equal(end, Life(events).End);
        Assert.Equal(end ?? "crash", Life(events).Gone(wasToStop: false).End);
        Assert.Equal(end ?? "forced", Life(events).Gone(wasToStop: true).End);
        Assert.Equal(end, Life(events).Gone(wasToStop: null).End);
    }

    [Theory]
    [InlineData("running", "running")]
    [InlineData("io-error", "io-error")]
    [InlineData("guest-panicked", "panicked")]
    [InlineData("prelaunch", "paused")]
    public void Who_comes_late_asks(string status, string state) =>
        Assert.Equal(state, Life().After(new QmpMessage.Answer("query-status", new JsonObject { ["status"] = status })).RunState);

    [Fact]
    public void It_is_found_again_as_it_was_written()
    {
        string file = Path.Combine(_folder, "x.json");
        Assert.Null(MachineLife.TryRead(file));
        var life = Life("RESET", "RESET") with { Configuration = "abc", ConfigurationIsOld = true };
        life.Write(file);
        Assert.Equal(life, MachineLife.TryRead(file));
        Assert.Equal(2, life.Resets);
        File.WriteAllText(file, "{");
        Assert.Null(MachineLife.TryRead(file));
    }

    [Fact]
    public void Another_machine_is_told_by_what_its_guest_would_see()
    {
        var machine = new MachineSpec { Profile = MachineProfile.Bhyve, Uuid = "6f1d2c3b-4a59-4e68-8777-86959a4b3c2d", Disks = [new("/dev/zvol/a", "virtio") { Boots = true }] };
        string digest = MachineLife.DigestOf(machine);
        Assert.Equal(digest, MachineLife.DigestOf(machine with { Accelerator = Accelerator.Kvm }));
        Assert.NotEqual(digest, MachineLife.DigestOf(machine with { Vcpus = 2 }));
        Assert.NotEqual(digest, MachineLife.DigestOf(machine with { Disks = [machine.Disks[0] with { Path = "/dev/zvol/b" }] }));
        Assert.Equal(digest, MachineLife.DigestOf(StartOptions.Parse(["order=dc", "cdrom=/x.iso,ide"]).Of(machine).Configured!));
    }

    [Fact]
    public void The_last_words_of_a_console_are_few_and_without_control_characters()
    {
        Assert.Equal("", MachineConsole.LastWords(_folder));
        File.WriteAllText(MachineConsole.File(_folder), new string('x', 9000) + "\n2026-11-30T00:00:00.0Z stdout F one\n2026-11-30T00:00:00.0Z stdout F \u001b[1mtwo\r\n2026-11-30T00:00:00.0Z stdout F three\n2026-11-30T00:00:00.0Z stdout F four\n");
        Assert.Equal("[1mtwo; three; four", MachineConsole.LastWords(_folder));
    }

    private static MachineLife Life(params string[] events) => events.Aggregate(new MachineLife { Boot = 1 },
        (life, text) => life.After(new QmpMessage.Event(text.Split(' ')[0], text.Contains(' ') ? (JsonObject)JsonNode.Parse(text[text.IndexOf(' ')..])! : [])));
}
