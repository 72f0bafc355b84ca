using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.Btrfs;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Zones;

namespace Lumos.Vm.Tests;

/// <summary>A machine with a pool on btrfs in a file of its own; its zones are without a kernel, unless another runtime is given.</summary>
internal sealed class BtrfsMachine : IDisposable, INeighbours
{
    public const string Image = TestMachine.NativeImage;

    /// <param name="makeRuntime">Another one than the fake, such as the real one.</param>
    /// <param name="fillRoot">Puts into the image what a zone's root is to hold.</param>
    public BtrfsMachine(Func<ZoneLayout, IZoneRuntime>? makeRuntime = null, Action<string>? fillRoot = null)
    {
        Folder = Directory.CreateTempSubdirectory("lumos-vm-btrfs-").FullName;
        File.SetUnixFileMode(Folder, (UnixFileMode)0b111_101_101); // the root of a zone is nobody here, and has to pass
        Pool = new BtrfsPool("zones", At("pool"), At("pool.img"), At("zvol"), _ => { });
        Pool.Create(2L << 30);
        Pool.Open(mount: false);
        Datasets.SetProperties(DatasetName.Parse("zones"), new Dictionary<string, string> { ["mountpoint"] = At("zones") });
        Pool.Datasets.MountAll();
        var image = DatasetName.Parse($"zones/{Image}");
        Datasets.Create(image);
        Directory.CreateDirectory(At($"zones/{Image}/root/etc"));
        fillRoot?.Invoke(At($"zones/{Image}/root"));
        Datasets.Snapshot(image.At("final"));
        var layout = new ZoneLayout
        {
            Configurations = At("etc/zones"),
            Run = At("run/zones"),
            States = At("run/zone-states"),
            Exits = At("run/zone-exits"),
            Machines = At("run/machines"),
            Unfinished = At("run/unfinished"),
            Locks = At("run/locks"),
            PlatformUsr = At("usr"),
            CgroupParent = "/" + Path.GetFileName(Folder),
        };
        Directory.CreateDirectory(layout.Configurations);
        Directory.CreateDirectory(layout.States);
        var runtime = makeRuntime?.Invoke(layout) ?? new FakeZoneRuntime(layout) { OnBoot = spec => File.Delete(Path.Combine(spec.RootPath, "var/svc/provisioning")) };
        Host = new VmHost(layout, runtime, Datasets, this, new HostIdentity(null, "20261120T104500Z"), At("run/vminfod.sock")) { MountRoot = Folder };
    }

    public string Folder { get; }

    public BtrfsPool Pool { get; }

    public IDatasets Datasets => Pool.Datasets;

    public VmHost Host { get; }

    public string At(string path) => Path.Combine(Folder, path);

    ImageFacts? INeighbours.Image(string pool, Uuid uuid) =>
        uuid == Uuid.Parse(Image) ? new ImageFacts(uuid, "zone-dataset", "smartos", "lumos-base 1.0", $"zones/{Image}@final", null) : null;

    public ImmutableDictionary<string, NicTagFacts> NicTags() => ImmutableDictionary<string, NicTagFacts>.Empty;

    public void LookAtNics(string uuid)
    {
    }

    public void Dispose()
    {
        Pool.Close();
        Directory.Delete(Folder, recursive: true);
    }
}
