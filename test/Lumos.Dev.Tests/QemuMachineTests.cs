using Lumos.Machine;
using Xunit;

namespace Lumos.Dev.Tests;

/// <summary>A machine whose guest is a boot sector that writes "hello" to the serial line and then echoes what is typed.</summary>
public sealed class QemuMachineTests : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);
    private readonly MachineFolder _folder = new(Directory.CreateTempSubdirectory("lumos-test-").FullName);

    public void Dispose()
    {
        QemuMachine.FindRunning(_folder)?.PowerCut();
        _folder.Delete();
    }

    [Fact]
    [Trait("level", "host")]
    public void It_starts_talks_is_found_again_and_loses_its_power()
    {
        var machine = Start();
        using (var serial = machine.OpenSerial())
        {
            serial.WaitFor("hello", _limit);
            serial.Type("x");
            serial.WaitFor("x", _limit);
        }
        var found = QemuMachine.FindRunning(_folder);
        Assert.NotNull(found);
        Assert.Equal((machine.Process, machine.SshPort, machine.Settings), (found.Process, found.SshPort, found.Settings));
        using (var qmp = found.OpenQmp())
        {
            Assert.Equal("running", (string?)qmp.Execute("query-status")!["status"]);
        }
        found.PowerCut();
        Assert.False(machine.IsRunning);
        Assert.Null(QemuMachine.FindRunning(_folder));
    }

    [Fact]
    [Trait("level", "host")]
    public void A_silent_guest_is_told_with_the_end_of_its_log()
    {
        var machine = Start();
        using var serial = machine.OpenSerial();
        serial.WaitFor("hello", _limit);
        var error = Assert.Throws<Lumos.Core.LumosException>(() => serial.WaitFor("login:", TimeSpan.FromMilliseconds(200)));
        Assert.Contains("hello", error.Message);
        Assert.Contains(_folder.SerialLog, error.Message);
    }

    [Fact]
    [Trait("level", "host")]
    public void A_pid_that_another_process_has_now_is_not_our_machine()
    {
        var machine = Start();
        machine.PowerCut();
        var stranger = ProcessIdentity.Of(Environment.ProcessId)!;
        var state = new ProcessIdentity(stranger.Pid, stranger.StartTime + 1).ToJson();
        state["ssh_port"] = 1;
        state["kvm"] = false;
        state["why"] = "";
        state["memory_mib"] = 1;
        state["cpus"] = 1;
        File.WriteAllText(_folder.State, state.ToJsonString());
        Assert.Null(QemuMachine.FindRunning(_folder));
    }

    private QemuMachine Start()
    {
        var settings = MachineSettings.Default() with { Disks = 1, DiskGiB = 1, MemoryMiB = 64 };
        QemuMachine.Prepare(_folder, settings);
        using (var disk = File.OpenWrite(_folder.Disk(0)))
        {
            disk.Write(BootSector());
        }
        return QemuMachine.Start(_folder, settings, new BootSource.Disk(), new Accelerator(false, "a test"));
    }

    private static byte[] BootSector()
    {
        byte[] sector = new byte[512];
        byte[] code =
        [
            0x31, 0xC0, 0x8E, 0xD8, 0x31, 0xD2, 0xB8, 0xE3, 0x00, 0xCD, 0x14, // int 14h/0: COM1 at 9600
            0xBE, 0x40, 0x7C, // si = 7c40h
            0xAC, 0x84, 0xC0, 0x74, 0x06, 0xB4, 0x01, 0xCD, 0x14, 0xEB, 0xF5, // each byte: int 14h/1
            0xB4, 0x02, 0xCD, 0x14, 0xF6, 0xC4, 0x80, 0x75, 0xF7, 0xB4, 0x01, 0xCD, 0x14, 0xEB, 0xF1, // receive, send back
        ];
        code.CopyTo(sector, 0);
        "hello\r\n"u8.CopyTo(sector.AsSpan(0x40));
        sector[510] = 0x55;
        sector[511] = 0xAA;
        return sector;
    }
}
