using System.Text.Json.Nodes;
using Lumos.Bench.Sandboxing;
using Lumos.Core;

namespace Lumos.Bench.Peers;

/// <summary>podman as root, with the btrfs storage driver and a bridge network of its own.</summary>
internal sealed class Podman : IPeer
{
    private IReadOnlyList<string> _podman = [];
    private Arena _arena = null!;

    public string Name => "podman";

    public IReadOnlyList<string> Packages => ["podman", "netavark", "iptables"];

    public string Note => "No daemon, conmon per container; containers of root without a user namespace; a snapshot is an image made by commit.";

    public IReadOnlyDictionary<string, string> NotOffered { get; } = new Dictionary<string, string>
    {
        ["list-crowd"] = ICrowd.Absent,
        ["daemon-crowd"] = ICrowd.Absent,
    };

    public IReadOnlyList<string> CliStart => ["podman", "--version"];

    public string Prepare(Arena arena)
    {
        _arena = arena;
        string state = arena.StateFolder("podman"), graph = arena.FolderOnDisk("podman"), networks = arena.StateFolder("podman/networks");
        string settings = Path.Combine(state, "containers.conf"), storage = Path.Combine(state, "storage.conf");
        // runc alone runs where version 1 of cgroups is in use.
        string runtime = ControlGroups.Hierarchies() is [{ IsVersion2: true }] && File.Exists("/usr/bin/crun") ? "crun" : "runc";
        File.WriteAllText(settings, $"""
            [engine]
            cgroup_manager = "cgroupfs"
            events_logger = "none"
            runtime = "{runtime}"
            [network]
            network_backend = "netavark"
            [containers]
            log_driver = "none"
            """);
        File.WriteAllText(storage, $"""
            [storage]
            driver = "btrfs"
            graphroot = "{graph}"
            runroot = "/run/podman-bench"
            """);
        var run = arena.Commands;
        run.Environment["CONTAINERS_CONF"] = settings;
        run.Environment["CONTAINERS_STORAGE_CONF"] = storage;
        _podman = ["podman", "--network-config-dir", networks];
        Run("import", "--quiet", arena.RootArchive, "localhost/bench");
        Run("network", "create", "--internal", "--disable-dns", "--subnet", "10.78.0.0/16", "bench");
        return $"{run.Run("podman", "--version").Trim().Split(' ')[^1]} ({runtime})";
    }

    public void Create(string zone) => RunImage(zone, "localhost/bench");

    public void Start(string zone) => Run("start", zone);

    public void Stop(string zone, bool force) => Run(force ? ["stop", "--time", "0", zone] : ["stop", zone]);

    public void Delete(string zone) => Run("rm", zone);

    public string Exec(string zone, params IReadOnlyList<string> words) => Run(["exec", zone, .. words]);

    public void Snapshot(string zone, string snapshot) => Run("commit", "--quiet", zone, $"localhost/{zone}-{snapshot}");

    public void Clone(string zone, string snapshot, string clone) => RunImage(clone, $"localhost/{zone}-{snapshot}");

    public void List() => Run("ps", "--all");

    public void Get(string zone) => Run("inspect", zone);

    public string Root(string zone) => Run("mount", zone).Trim();

    public string Address(string zone) =>
        (string?)JsonNode.Parse(Run("inspect", zone))?[0]?["NetworkSettings"]?["Networks"]?["bench"]?["IPAddress"]
            ?? throw new LumosException("NoAddress", $"podman gave {zone} no address");

    public void Dispose()
    {
        // Nothing of it runs but the containers, which end with the sandbox.
    }

    private void RunImage(string zone, string image) =>
        Run("run", "--detach", "--network", "bench", "--name", zone, image, "/sbin/init");

    private string Run(params IReadOnlyList<string> words) => _arena.Commands.Run([.. _podman, .. words]);
}
