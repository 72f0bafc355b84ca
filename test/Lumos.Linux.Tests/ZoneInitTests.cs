using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;
using Xunit;

namespace Lumos.Linux.Tests;

/// <summary>
/// lumos-init as PID 1 of real namespaces, as a native zone has it. A script stands in for svc.startd, laid over /usr/lib for
/// those namespaces alone.
/// </summary>
[Trait("level", "host")]
public sealed class ZoneInitTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-zoneinit-").FullName;
    private readonly Pipe _output = Pipe.Create();
    private ChildProcess? _unshare;
    private int _init;
    private string _seen = "";

    public void Dispose()
    {
        if (_unshare is not null && _init > 0)
        {
            ProcessSignals.Send(_init, Signal.KILL);
        }
        _unshare?.Dispose();
        _output.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Start(string startd)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "lumos"));
        string script = Path.Combine(_folder, "lumos/lumos");
        File.WriteAllText(script, "#!/bin/sh\n" + startd);
        File.SetUnixFileMode(script, (UnixFileMode)0x1ed);
        _unshare = ChildProcess.Start(new SpawnRequest
        {
            Argv = ["unshare", "-Urpf", "--mount-proc", "sh", "-c",
                $"mount -t overlay -o lowerdir={_folder}:/usr/lib,userxattr zone /usr/lib && exec {LumosInitProgram.Path} --zone"],
            Output = _output.Write, ErrorOutput = _output.Write,
        });
        _output.Write.Dispose();
        WaitFor("ready");
        _init = int.Parse(File.ReadAllText($"/proc/{_unshare.Pid}/task/{_unshare.Pid}/children").Trim());
    }

    private void WaitFor(string text)
    {
        byte[] buffer = new byte[4096];
        while (!_seen.Contains(text, StringComparison.Ordinal))
        {
            int got = _output.Read.Read(buffer);
            Assert.True(got > 0, $"ended without \"{text}\": {_seen}");
            _seen += Encoding.UTF8.GetString(buffer, 0, got);
        }
    }

    private int End()
    {
        byte[] buffer = new byte[4096];
        for (int got; (got = _output.Read.Read(buffer)) > 0;)
        {
            _seen += Encoding.UTF8.GetString(buffer, 0, got);
        }
        int status = _unshare!.Wait();
        _init = 0;
        return status;
    }

    private const string Obedient = """
        trap 'echo services stopped; exit 0' TERM
        echo args $*; echo ready
        while :; do sleep 0.05; done
        """;

    [Theory]
    [InlineData(Signal.TERM, 0)]
    [InlineData(Signal.RTMIN + 3, 0)]
    [InlineData(Signal.PWR, 0)]
    [InlineData(Signal.RTMIN + 5, 133)]
    [InlineData(Signal.INT, 133)]
    public void Each_request_stops_the_services_and_ends_with_its_status(int signal, int status)
    {
        Start(Obedient);
        ProcessSignals.Send(_init, signal);
        int ended = End();
        Assert.True(ended == status, $"status {ended}: {_seen}");
        Assert.Contains("args svc.startd --zone", _seen);
        Assert.Contains("services stopped", _seen);
    }

    [Fact]
    public void Svc_startd_is_started_again_and_orphans_are_reaped()
    {
        Start($$"""
            trap 'exit 0' TERM
            if [ ! -e /tmp/again ]; then : > /tmp/again; (sh -c 'sleep 0.01 &'); exec sh -c 'kill -9 $$'; fi
            while grep -l '^PPid:.1$' /proc/[0-9]*/status | xargs grep -l '^State:.Z'; do sleep 0.05; done
            echo ready
            while :; do sleep 0.05; done
            """);
        Assert.Contains("svc.startd was killed by signal 9; starting it again", _seen);
        ProcessSignals.Send(_init, Signal.TERM);
        Assert.Equal(0, End());
    }

    [Fact]
    public void A_second_request_does_not_wait_for_services_that_hang()
    {
        Start("trap 'echo asked' TERM; echo ready; while :; do sleep 0.05; done");
        ProcessSignals.Send(_init, Signal.TERM);
        WaitFor("asked");
        ProcessSignals.Send(_init, Signal.TERM);
        WaitFor("not waiting any longer");
        Assert.Equal(0, End());
    }
}
