using System.Diagnostics;
using Lumos.Bench.Sandboxing;
using Lumos.Drivers.Tools;
using Lumos.Linux.Signals;
using Lumos.Linux.Spawn;

namespace Lumos.Bench.Peers;

/// <summary>Incus: its daemon with a state folder of its own, the btrfs storage driver, unprivileged containers.</summary>
internal sealed class Incus : IPeer, ICrowd
{
    private const string Daemon = "/usr/libexec/incus/incusd";
    private string _state = "";
    private Arena _arena = null!;
    private ChildProcess? _daemon;

    public string Name => "incus";

    public IReadOnlyList<string> Packages => ["incus-base"];

    public string Note => "Daemon with REST interface; unprivileged containers with id-mapped mounts; without lxcfs and AppArmor.";

    public IReadOnlyDictionary<string, string> NotOffered { get; } = new Dictionary<string, string>();

    public IReadOnlyList<string> CliStart => ["incus", "--version"];

    public string Prepare(Arena arena)
    {
        _arena = arena;
        _state = arena.StateFolder("incus");
        var run = arena.Commands;
        run.Environment["INCUS_DIR"] = _state;
        Launch();
        run.Run(Daemon, "waitready", "--timeout", "60");
        run.Run("incus", "storage", "create", "bench", "btrfs", $"source={Path.Combine(arena.Disk, "incus")}");
        run.Run("incus", "profile", "device", "add", "default", "root", "disk", "path=/", "pool=bench");
        run.Run("incus", "profile", "device", "add", "default", "eth0", "nic", "nictype=bridged", $"parent={Inside.Bridge}");
        string folder = arena.StateFolder("incus-image");
        File.WriteAllText(Path.Combine(folder, "metadata.yaml"), "architecture: x86_64\ncreation_date: 1\nproperties: {os: debian}\n");
        string metadata = Path.Combine(folder, "metadata.tar");
        run.Run("tar", "-C", folder, "-cf", metadata, "metadata.yaml");
        run.Run("incus", "image", "import", metadata, arena.RootArchive, "--alias", "bench");
        return run.Run("incus", "--version").Trim();
    }

    public void Create(string zone) => Run("launch", "bench", zone, "--quiet");

    public void Start(string zone) => Run("start", zone);

    public void Stop(string zone, bool force) => Run(force ? ["stop", "--force", zone] : ["stop", zone]);

    public void Delete(string zone) => Run("delete", zone);

    public string Exec(string zone, params IReadOnlyList<string> words) => Run(["exec", "--mode=non-interactive", zone, "--", .. words]);

    public void Snapshot(string zone, string snapshot) => Run("snapshot", "create", zone, snapshot);

    public void Clone(string zone, string snapshot, string clone)
    {
        Run("copy", $"{zone}/{snapshot}", clone, "--quiet");
        Run("start", clone);
    }

    public void List() => Run("list");

    public void Get(string zone) => Run("config", "show", "--expanded", zone);

    public string Root(string zone) => Path.Combine(_state, "storage-pools/bench/containers", zone, "rootfs");

    public string Address(string zone) => ZoneAddress.Give(this, zone, "eth0");

    public void Fill(int zones, int snapshotsOfEach, CrowdClock clock) =>
        Parallel.For(0, zones, new ParallelOptions { MaxDegreeOfParallelism = 4 }, number =>
        {
            Run("create", "bench", $"crowd{number}", "--quiet");
            clock.Tick(zones: 1);
            for (int i = 0; i < snapshotsOfEach; i++)
            {
                Run("snapshot", "create", $"crowd{number}", $"s{i}");
                clock.Tick(snapshots: 1);
            }
        });

    public void StopDaemon()
    {
        // TERM ends the daemon and leaves the containers.
        _daemon!.Signal(Signal.TERM);
        _daemon.Wait();
        _daemon.Dispose();
    }

    public void StartDaemon()
    {
        Launch();
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                List();
                return;
            }
            catch (ToolException) when (clock.Elapsed < TimeSpan.FromMinutes(2))
            {
                Thread.Sleep(5);
            }
        }
    }

    public void Dispose()
    {
        // The kernel ends the daemon with the sandbox.
        _daemon?.Dispose();
    }

    private void Launch() => _daemon = _arena.Commands.StartDaemon(_arena.Log("incusd"), Daemon);

    private string Run(params IReadOnlyList<string> words) => _arena.Commands.Run(["incus", .. words]);
}
