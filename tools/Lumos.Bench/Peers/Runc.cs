using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Bench.Sandboxing;
using Lumos.Core;
using Lumos.Linux.Netlink;

namespace Lumos.Bench.Peers;

/// <summary>
/// runc alone: the runtime without a manager, as the floor of what a manager can reach. What a manager adds (the clone, the
/// NIC, forgetting a stopped container) the bench does with the shortest code there is.
/// </summary>
internal sealed class Runc : IPeer
{
    private string _path = "";
    private JsonObject _config = [];
    private Arena _arena = null!;
    private int _links;

    public string Name => "runc";

    public IReadOnlyList<string> Packages => ["runc"];

    public string Note => "The runtime without a manager: no monitor, no records, no user namespace. A floor, not a product.";

    public IReadOnlyDictionary<string, string> NotOffered { get; } = new Dictionary<string, string>
    {
        ["list-crowd"] = ICrowd.Absent,
        ["daemon-crowd"] = ICrowd.Absent,
    };

    public IReadOnlyList<string> CliStart => ["runc", "--version"];

    public string Prepare(Arena arena)
    {
        _arena = arena;
        _path = arena.FolderOnDisk("runc");
        string bundle = arena.StateFolder("runc");
        arena.Commands.Run("runc", "spec", "--bundle", bundle);
        _config = JsonNode.Parse(File.ReadAllText(Path.Combine(bundle, "config.json")))!.AsObject();
        _config["process"]!["terminal"] = false;
        _config["process"]!["args"] = new JsonArray("/sbin/init");
        _config["root"] = new JsonObject { ["path"] = "rootfs", ["readonly"] = false };
        return arena.Commands.Run("runc", "--version").Split('\n')[0].Split(' ')[^1];
    }

    public void Create(string zone)
    {
        MakeBundle(zone, _arena.Base);
        Start(zone);
    }

    public void Start(string zone)
    {
        string pidFile = Path.Combine(_path, zone, "pid");
        Run("create", "--bundle", Path.Combine(_path, zone), "--pid-file", pidFile, zone);
        int pid = int.Parse(File.ReadAllText(pidFile), CultureInfo.InvariantCulture);
        using (var network = NetworkStack.Open())
        {
            var link = network.CreateVeth($"runc{Interlocked.Increment(ref _links)}", new VethPeer("eth0", Pid: pid));
            network.SetMaster(link.Index, network.GetLink(Inside.Bridge).Index);
            network.SetUp(link.Index);
        }
        string address = ZoneAddress.Next();
        using (var network = NetworkStack.OpenIn(pid))
        {
            var link = network.GetLink("eth0");
            network.AddAddress(link.Index, IpNet.Parse(address + "/16"));
            network.SetUp(link.Index);
        }
        File.WriteAllText(Path.Combine(_path, zone, "address"), address);
        Run("start", zone);
    }

    public void Stop(string zone, bool force)
    {
        string pid = File.ReadAllText(Path.Combine(_path, zone, "pid"));
        Run("kill", zone, force ? "KILL" : "TERM");
        while (Directory.Exists("/proc/" + pid))
        {
            Thread.Sleep(1);
        }
        Run("delete", zone);
    }

    public void Delete(string zone)
    {
        foreach (string subvolume in Directory.GetDirectories(Path.Combine(_path, zone), "rootfs*"))
        {
            _arena.DeleteSubvolume(subvolume);
        }
        Directory.Delete(Path.Combine(_path, zone), recursive: true);
    }

    public string Exec(string zone, params IReadOnlyList<string> words) => Run(["exec", zone, .. words]);

    public void Snapshot(string zone, string snapshot) =>
        _arena.Commands.Run("btrfs", "subvolume", "snapshot", "-r", Root(zone), $"{Root(zone)}@{snapshot}");

    public void Clone(string zone, string snapshot, string clone)
    {
        MakeBundle(clone, $"{Root(zone)}@{snapshot}");
        Start(clone);
    }

    public void List() => Run("list");

    public void Get(string zone) => Run("state", zone);

    public string Root(string zone) => Path.Combine(_path, zone, "rootfs");

    public string Address(string zone) => File.ReadAllText(Path.Combine(_path, zone, "address"));

    public void Dispose()
    {
        // Nothing of it runs but the containers, which end with the sandbox.
    }

    private void MakeBundle(string zone, string from)
    {
        Directory.CreateDirectory(Path.Combine(_path, zone));
        _arena.CloneSubvolume(from, Root(zone));
        var config = _config.DeepClone();
        config["linux"]!["cgroupsPath"] = "/runc-bench/" + zone;
        File.WriteAllText(Path.Combine(_path, zone, "config.json"), config.ToJsonString());
    }

    private string Run(params IReadOnlyList<string> words) => _arena.Commands.Run(["runc", "--root", "/run/runc-bench", .. words]);
}
