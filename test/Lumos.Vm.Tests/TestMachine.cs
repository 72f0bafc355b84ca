using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Testing;
using Lumos.Vm.Applets;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Vm.Payload;
using Lumos.Zones;

namespace Lumos.Vm.Tests;

/// <summary>What a run of vmadm printed and ended with.</summary>
internal sealed record Run(int Status, string Out, string Error);

/// <summary>A machine in a folder: datasets in memory whose mountpoints are directories, zones without a kernel, an admin tag, three images.</summary>
internal sealed class TestMachine : IDisposable, INeighbours
{
    public const string NativeImage = "11111111-1111-4111-8111-111111111111", LxImage = "22222222-2222-4222-8222-222222222222",
        OtherNativeImage = "11111111-1111-4111-8111-222222222222", DockerImage = "44444444-4444-4444-8444-444444444444",
        DiskImage = "55555555-5555-4555-8555-555555555555";

    /// <param name="runtime">Another one than the fake, such as the real one.</param>
    /// <param name="noMachine">Why no hardware VM can run on it; null: one can.</param>
    /// <param name="images">A machine that this one has its images from, so that they are the same ones.</param>
    public TestMachine(Func<ZoneLayout, IZoneRuntime>? runtime = null, TestMachine? images = null, string? noMachine = null)
    {
        _noMachine = noMachine;
        Root = Directory.CreateTempSubdirectory("lumos-vm-").FullName;
        File.SetUnixFileMode(Root, (UnixFileMode)0b111_101_101); // the root of a zone is nobody here, and has to pass
        Layout = new ZoneLayout
        {
            Configurations = At("etc/zones"),
            Run = At("run/zones"),
            States = At("run/zone-states"),
            Exits = At("run/zone-exits"),
            Machines = At("run/machines"),
            Unfinished = At("run/unfinished"),
            Locks = At("run/locks"),
            AdminSocket = At("run/vmadmd.sock"),
            PlatformUsr = At("usr"),
            CgroupParent = "/" + Path.GetFileName(Root),
        };
        Directory.CreateDirectory(Layout.Configurations);
        Directory.CreateDirectory(Layout.States);
        Runtime = new FakeZoneRuntime(Layout) { OnBoot = EndFirstBoot };
        foreach (string image in (string[])[NativeImage, LxImage, OtherNativeImage, DockerImage])
        {
            if (images is not null)
            {
                Copy(images.Datasets, SnapshotName.Parse($"zones/{image}@final"));
                continue;
            }
            Datasets.Create(DatasetName.Parse("zones/" + image));
            Datasets.Snapshot(SnapshotName.Parse($"zones/{image}@final"));
        }
        if (images is not null)
        {
            Copy(images.Datasets, SnapshotName.Parse($"zones/{DiskImage}@final"));
        }
        else
        {
            Datasets.CreateVolume(DatasetName.Parse("zones/" + DiskImage), 40 << 20, sparse: true);
            Datasets.Snapshot(SnapshotName.Parse($"zones/{DiskImage}@final"));
        }
        Datasets.OnOperation = OnDatasetOperation;
        _runtime = runtime?.Invoke(Layout) ?? Runtime;
        Host = NewHost();
    }

    private readonly IZoneRuntime _runtime;

    private readonly string? _noMachine;

    public string Root { get; }

    public ZoneLayout Layout { get; }

    public FakeZoneRuntime Runtime { get; }

    public FakeDatasets Datasets { get; } = new("zones") { KeepsFiles = true };

    public VmHost Host { get; }

    /// <summary>Where cloud-init in the image of disks looks for its data, as a tag says.</summary>
    public string? DiskImageDataSource { get; set; }

    public string Socket => At("run/vminfod.sock");

    public List<string> Said { get; } = [];

    /// <summary>Called before each change of a dataset; may throw.</summary>
    public Action<string, string>? BeforeDataset { get; set; }

    /// <summary>A destroyed dataset leaves its empty mountpoint, as where something other than ZFS made it.</summary>
    public bool KeepsMountpoints { get; set; }

    /// <summary>Puts into a new clone what its image holds.</summary>
    public Action<string>? FillRoot { get; set; }

    public VmHost NewHost() => new(Layout, _runtime, Datasets, this, new HostIdentity(null, "20261120T104500Z"), Socket)
    {
        MountRoot = Root,
        AuditFolder = At("var/log/vm/logs"),
        Clock = new MachineClock(this),
        MachineFault = _noMachine,
        Identities = new CountingIdentities(),
        Say = line =>
        {
            lock (Said)
            {
                Said.Add(line);
            }
        },
    };

    /// <summary>What vmadm sees of its environment.</summary>
    public Dictionary<string, string?> Environment { get; } = [];

    public string At(string path) => Path.Combine(Root, path);

    /// <summary>Datasets hold what their directories hold when a snapshot is taken.</summary>
    public bool FilesTravel { get; set; }

    public bool HasImages { get; set; } = true;

    public bool HasAdminTag { get; set; } = true;

    /// <summary>Of the lx image: MiB of memory.</summary>
    public (long? Least, long? Most) LxImageAsks { get; set; }

    public ImageFacts? Image(string pool, Uuid uuid) => !HasImages ? null : new[]
    {
        new ImageFacts(Uuid.Parse(NativeImage), "zone-dataset", "smartos", "lumos-base 1.0", $"zones/{NativeImage}@final", null),
        new ImageFacts(Uuid.Parse(OtherNativeImage), "zone-dataset", "smartos", "lumos-base 2.0", $"zones/{OtherNativeImage}@final", null),
        new ImageFacts(Uuid.Parse(LxImage), "lx-dataset", "linux", "debian-13 1.0", $"zones/{LxImage}@final", null) { LeastRam = LxImageAsks.Least, MostRam = LxImageAsks.Most },
        new ImageFacts(Uuid.Parse(DockerImage), "docker", "linux", "docker-layer 0123456789ab", $"zones/{DockerImage}@final", null) { Docker = (JsonObject)DockerTags.DeepClone() },
        new ImageFacts(Uuid.Parse(DiskImage), "zvol", "linux", "tiny 1.0", $"zones/{DiskImage}@final", null) { ImageSize = 40, DiskDriver = "virtio", NicDriver = "e1000", DataSource = DiskImageDataSource },
    }.FirstOrDefault(image => image.Uuid == uuid);

    public ImmutableDictionary<string, NicTagFacts> NicTags() =>
        (HasAdminTag ? ImmutableDictionary<string, NicTagFacts>.Empty.Add("admin", new NicTagFacts("admin", 1500)) : ImmutableDictionary<string, NicTagFacts>.Empty)
            .AddRange(OtherTags.Select(tag => KeyValuePair.Create(tag.Name, tag)));

    private static void EndFirstBoot(ZoneSpec spec)
    {
        if (spec is { Docker: null, Machine: null })
        {
            File.Delete(Path.Combine(spec.RootPath, "var/svc/provisioning"));
        }
    }

    /// <summary>What the manifest of <see cref="DockerImage"/> says.</summary>
    public static JsonObject DockerTags { get; } = new()
    {
        ["docker:repo"] = "docker.io/library/redis", ["docker:tag:7"] = true,
        ["docker:config"] = new JsonObject
        {
            ["Entrypoint"] = new JsonArray("/entry"), ["Cmd"] = new JsonArray("serve", "--port"), ["Env"] = new JsonArray("PATH=/bin", "A=1"), ["User"] = "redis",
            ["WorkingDir"] = "/data", ["StopSignal"] = "SIGINT", ["Volumes"] = new JsonObject { ["/data"] = new JsonObject() },
        },
    };

    /// <summary>Nic tags beside admin.</summary>
    public IReadOnlyList<NicTagFacts> OtherTags { get; set; } = [];

    /// <summary>What clocks of the machine show.</summary>
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>The MAC addresses that a VM's configuration showed each time its NICs were to be looked at; "gone" for none.</summary>
    public List<string> NicsLookedAt { get; } = [];

    public void LookAtNics(string uuid)
    {
        string seen = Host.Zones.TryLoad(Zones.ZoneName.Parse(uuid)) is { } config ? string.Join(' ', config.Networks.Select(n => MacAddress.Parse(n.MacAddr!))) : "gone";
        lock (NicsLookedAt)
        {
            NicsLookedAt.Add(seen);
        }
    }

    /// <summary>Runs vmadm with a payload on standard input, or a terminal there.</summary>
    public Run Vmadm(string? input, params string[] words)
    {
        var output = new StringWriter { NewLine = "\n" };
        var error = new StringWriter { NewLine = "\n" };
        var context = new AppletContext
        {
            Name = "vmadm",
            Args = words,
            Out = output,
            Error = error,
            OpenInput = () => new MemoryStream(Encoding.UTF8.GetBytes(input ?? "")),
            InputIsTerminal = () => input is null,
            Environment = Environment.GetValueOrDefault,
        };
        int status = new Vmadm(context, _ => Host).Run();
        return new Run(status, output.ToString(), error.ToString());
    }

    /// <summary>Makes a native VM and returns its uuid.</summary>
    public string Create(string more = "")
    {
        var run = Vmadm($$"""{"brand":"joyent","image_uuid":"{{NativeImage}}"{{more}}}""", "create");
        if (run.Status != 0)
        {
            throw new InvalidOperationException(run.Error);
        }
        return run.Error.Trim().Split(' ')[^1];
    }

    public JsonObject Get(string uuid) => JsonNode.Parse(Vmadm(null, "get", uuid).Out)!.AsObject();

    public void Dispose()
    {
        Datasets.Dispose();
        Directory.Delete(Root, recursive: true);
        TestCgroups.Remove(Layout.CgroupParent);
    }

    private void OnDatasetOperation(string operation, string name)
    {
        BeforeDataset?.Invoke(operation, name);
        if (FilesTravel)
        {
            CarryFiles(operation, name);
        }
        string path = At(name);
        if (operation == "clone" && !IsDisk(name))
        {
            Directory.CreateDirectory(Path.Combine(path, "root"));
            FillRoot?.Invoke(Path.Combine(path, "root"));
        }
        else if (operation == "destroy" && Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
            if (KeepsMountpoints)
            {
                Directory.CreateDirectory(path);
            }
        }
    }

    // A volume has no folder: those below a VM, and one of a machine that takes the place of another.
    private bool IsDisk(string name) => name.EndsWith("-reprovisioning-new", StringComparison.Ordinal)
        && Datasets.List(DatasetName.Parse(name[..^"-reprovisioning-new".Length]), DatasetKinds.Volume).Count > 0;

    /// <summary>What a dataset's directory holds goes into its snapshots, and out of what was received when it is mounted.</summary>
    private void CarryFiles(string operation, string name)
    {
        if (operation == "snapshot" && SnapshotName.TryParse(name, out var snapshot))
        {
            foreach (var dataset in Datasets.List(snapshot.Dataset).Select(e => e.Dataset).Where(d => Directory.Exists(At(d.Value) + "/config")))
            {
                Datasets.SetContent(dataset, FolderBlob.Pack(At(dataset.Value)));
            }
        }
        else if (operation == "mount" && !Directory.Exists(At(name)))
        {
            FolderBlob.Unpack(Datasets.GetContent(DatasetName.Parse(name)), At(name));
        }
    }

    private void Copy(FakeDatasets from, SnapshotName image)
    {
        using var send = from.OpenSend(image);
        using var receive = Datasets.OpenReceive(image.Dataset);
        send.Output.CopyTo(receive.Input);
        receive.Finish();
    }

    private sealed class MachineClock(TestMachine machine) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => machine.Clock.GetUtcNow();

        public override long GetTimestamp() => machine.Clock.GetTimestamp();
    }

    /// <summary>The same identities in each test: uuid …0001, MAC 02:00:00:00:00:01 and so on.</summary>
    internal sealed class CountingIdentities : IIdentities
    {
        private int _uuids, _macs;

        public Uuid NewUuid() => Uuid.Parse($"aaaaaaaa-0000-4000-8000-{++_uuids:x12}");

        public MacAddress NewMac() => MacAddress.FromBytes([2, 0, 0, 0, 0, (byte)++_macs]);
    }
}
