using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Lumos.Bench.Sandboxing;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.Btrfs;
using Lumos.Drivers.Tools;

namespace Lumos.Bench.Peers;

/// <summary>LumOS in hosted mode, from this checkout: lx zones of an image that is the common root.</summary>
internal sealed class LumosPeer : IPeer, ICrowd
{
    private const string Daemon = "svc:/system/smartdc/vminfod:default";
    private const string Image = "6ce1c0de-0000-4000-8000-00000000be7c";
    private readonly ConcurrentDictionary<string, string> _uuids = new();
    private string _pool = "", _commands = "";
    private Arena _arena = null!;

    public string Name => "lumos";

    public IReadOnlyList<string> Packages => [];

    public string Note => "Hosted mode; a range of user ids per zone, id-mapped; conmon per zone; records read by vminfod.";

    public IReadOnlyDictionary<string, string> NotOffered { get; } = new Dictionary<string, string>();

    public IReadOnlyList<string> CliStart => [Command("vmadm"), "help"];

    public string Prepare(Arena arena)
    {
        _arena = arena;
        _pool = arena.FolderOnDisk("lumos");
        string prefix = Path.Combine(arena.Request.Work, "lumos"), platform = arena.Request.HostedTree;
        _commands = Path.Combine(platform, "usr/sbin");
        arena.Commands.Environment["LUMOS_ROOT"] = prefix;
        arena.Commands.Run(Command("lumos-host"), "up", "--root", prefix, "--platform", platform, "--pool", _pool, "--bridge", Inside.Bridge, "--name", "bench");
        string stream = Path.Combine(arena.Scratch, "image.stream"), manifest = Path.Combine(arena.Scratch, "image.json");
        LumosImage.Make(arena, Image, stream, manifest);
        arena.Commands.Run(Command("imgadm"), "install", "-m", manifest, "-f", stream);
        return arena.Request.Commit;
    }

    public void Create(string zone) => Create(zone, autoboot: true);

    public void Start(string zone) => Vmadm("start", _uuids[zone]);

    public void Stop(string zone, bool force) => Vmadm(force ? ["stop", "-F", _uuids[zone]] : ["stop", _uuids[zone]]);

    public void Delete(string zone) => Vmadm("delete", _uuids[zone]);

    public string Exec(string zone, params IReadOnlyList<string> words) => _arena.Commands.Run([Command("zlogin"), _uuids[zone], .. words]);

    public void Snapshot(string zone, string snapshot) => Vmadm("create-snapshot", _uuids[zone], snapshot);

    /// <summary>As on SmartOS: the other's configuration with what is its own alone, and its root from the snapshot.</summary>
    public void Clone(string zone, string snapshot, string clone)
    {
        string from = _uuids[zone], uuid = Guid.NewGuid().ToString();
        _uuids[clone] = uuid;
        _arena.Commands.Run(Command("zonecfg"), "-z", uuid, $"create -t {from}; set zonepath=/zones/{uuid}; set uuid={uuid}; "
            + $"remove net physical=eth0; add net; set physical=eth0; set global-nic=admin; set mac-addr={MacAddress.Random()}; "
            + $"add property (name=ip,value=\"{ZoneAddress.Next()}\"); add property (name=netmask,value=\"255.255.0.0\"); add property (name=primary,value=\"true\"); end");
        _arena.Commands.Run(Command("zoneadm"), "-z", uuid, "clone", "-s", $"zones/{from}@vmsnap-{snapshot}", from);
        Start(clone);
    }

    public void List() => Vmadm("list");

    public void Get(string zone) => Vmadm("get", _uuids[zone]);

    /// <summary>Its mount is in the namespace of LumOS alone; the subvolume can be seen from here. Its name ends with the dataset's.</summary>
    public string Root(string zone) => Path.Combine(Directory.GetDirectories(Path.Combine(_pool, "lumos/live"), "*." + _uuids[zone])[0], "root");

    public string Address(string zone) =>
        (string?)JsonNode.Parse(Vmadm("get", _uuids[zone]))?["nics"]?[0]?["ip"] ?? throw new LumosException("NoAddress", $"vmadm gave {zone} no address");

    public void Fill(int zones, int snapshotsOfEach, CrowdClock clock)
    {
        Parallel.For(0, zones, new ParallelOptions { MaxDegreeOfParallelism = 4 }, number =>
        {
            Create($"crowd{number}", autoboot: false);
            clock.Tick(zones: 1);
        });
        // Named as create-snapshot names them; by the driver and of all at once, as it is not this that is measured.
        var datasets = new BtrfsDatasets("zones", _pool);
        for (int i = 0; i < snapshotsOfEach; i++)
        {
            datasets.Snapshot(SnapshotName.Parse($"zones@vmsnap-s{i}"), recursive: true);
            clock.Tick(snapshots: zones);
        }
    }

    public void StopDaemon() => _arena.Commands.Run(Command("svcadm"), "disable", "-s", Daemon);

    public void StartDaemon()
    {
        _arena.Commands.Run(Command("svcadm"), "enable", "-s", Daemon);
        // vmadm answers without it, from the files: what counts is its own first answer.
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                _arena.Commands.Run(Command("vminfo"), "ping");
                return;
            }
            catch (ToolException) when (clock.Elapsed < TimeSpan.FromMinutes(1))
            {
                Thread.Sleep(5);
            }
        }
    }

    public void Dispose()
    {
        // Its daemons and zones end with the sandbox.
    }

    private void Create(string zone, bool autoboot)
    {
        string uuid = Guid.NewGuid().ToString(), payload = Path.Combine(_arena.Scratch, uuid + ".json");
        _uuids[zone] = uuid;
        File.WriteAllText(payload, new JsonObject
        {
            ["uuid"] = uuid,
            ["brand"] = "lx",
            ["image_uuid"] = Image,
            ["alias"] = zone,
            ["kernel_version"] = "6.1.0",
            ["max_physical_memory"] = 256,
            ["autoboot"] = autoboot,
            ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = ZoneAddress.Next(), ["netmask"] = "255.255.0.0", ["primary"] = true }),
        }.ToJsonString());
        Vmadm("create", "-f", payload);
        File.Delete(payload);
    }

    private string Vmadm(params IReadOnlyList<string> words) => _arena.Commands.Run([Command("vmadm"), .. words]);

    private string Command(string name) => Path.Combine(_commands, name);
}
