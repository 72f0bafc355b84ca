using System.Collections.Concurrent;
using System.Diagnostics;
using Lumos.Bench.Sandboxing;
using Lumos.Core;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;

namespace Lumos.Bench.Peers;

/// <summary>systemd-nspawn without systemd's daemons: the bench keeps its process, which lives as long as the container.</summary>
internal sealed class Nspawn : IPeer
{
    private readonly ConcurrentDictionary<string, ChildProcess> _running = new();
    private string _path = "";
    private Arena _arena = null!;

    public string Name => "nspawn";

    public IReadOnlyList<string> Packages => ["systemd-container"];

    public string Note => "No systemd-machined, so exec is nsenter; a range of user ids per container, id-mapped; clones by btrfs.";

    public IReadOnlyDictionary<string, string> NotOffered { get; } = new Dictionary<string, string>
    {
        ["list"] = "machinectl needs systemd as PID 1 of the host",
        ["get"] = "machinectl needs systemd as PID 1 of the host",
        ["list-crowd"] = ICrowd.Absent,
        ["daemon-crowd"] = ICrowd.Absent,
    };

    public IReadOnlyList<string> CliStart => ["systemd-nspawn", "--version"];

    public string Prepare(Arena arena)
    {
        _arena = arena;
        _path = arena.FolderOnDisk("nspawn");
        return arena.Commands.Run("systemd-nspawn", "--version").Split(' ', '\n')[1];
    }

    public void Create(string zone)
    {
        _arena.CloneSubvolume(_arena.Base, Root(zone));
        Start(zone);
    }

    public void Start(string zone)
    {
        long since = Stopwatch.GetTimestamp();
        _running[zone] = _arena.Commands.StartDaemon(_arena.Log("nspawn"),
            "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--machine=" + zone, "--directory=" + Root(zone), "--link-journal=no",
            "--resolv-conf=off", "--timezone=off", "--network-bridge=" + Inside.Bridge, "--kill-signal=SIGTERM", "--console=pipe",
            "--private-users=pick", "--private-users-ownership=map", "/sbin/init");
        // It has no other way to tell.
        Arena.WaitForStart(Root(zone), since);
    }

    public void Stop(string zone, bool force)
    {
        if (_running.TryRemove(zone, out var nspawn))
        {
            using (nspawn)
            {
                if (force)
                {
                    ProcessSignals.Send(Leader(nspawn), Signal.KILL);
                }
                else
                {
                    nspawn.Signal(Signal.TERM);
                }
                nspawn.Wait();
            }
        }
    }

    public void Delete(string zone)
    {
        foreach (string snapshot in Directory.GetDirectories(_path, zone + "@*"))
        {
            _arena.DeleteSubvolume(snapshot);
        }
        _arena.DeleteSubvolume(Root(zone));
    }

    public string Exec(string zone, params IReadOnlyList<string> words) =>
        _arena.Commands.Run(["nsenter", "--target", Leader(_running[zone]).ToString(), "--all", "--", .. words]);

    public void Snapshot(string zone, string snapshot) =>
        _arena.Commands.Run("btrfs", "subvolume", "snapshot", "-r", Root(zone), $"{Root(zone)}@{snapshot}");

    public void Clone(string zone, string snapshot, string clone)
    {
        _arena.CloneSubvolume($"{Root(zone)}@{snapshot}", Root(clone));
        Start(clone);
    }

    public void List() => throw new LumosException("NotOffered", NotOffered["list"]);

    public void Get(string zone) => throw new LumosException("NotOffered", NotOffered["get"]);

    public string Root(string zone) => Path.Combine(_path, zone);

    public string Address(string zone) => ZoneAddress.Give(this, zone, "host0");

    public void Dispose()
    {
        foreach (var nspawn in _running.Values)
        {
            nspawn.Dispose();
        }
    }

    /// <summary>The container's init: the only child of nspawn.</summary>
    private static int Leader(ChildProcess nspawn) =>
        int.Parse(File.ReadAllText($"/proc/{nspawn.Pid}/task/{nspawn.Pid}/children").Split(' ')[0]);
}
