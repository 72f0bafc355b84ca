using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Create;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Store;
using Lumos.Testing;
using Xunit;

namespace Lumos.Images.Tests.Create;

public sealed class CreateTests : IDisposable
{
    private static readonly Uuid Vm = Uuid.Parse("aaaaaaaa-0000-4000-8000-000000000001"), Origin = Uuid.Parse("bbbbbbbb-0000-4000-8000-000000000002");
    private static readonly DatasetName Root = DatasetName.Parse($"zones/{Vm}");
    private readonly TestFolder _folder = new();
    private readonly FakeDatasets _datasets = new("zones") { KeepsFiles = true };
    private readonly ImageStore _store;
    private readonly FakeVms _vms = new(new ProtoVm(Vm, "stopped", "lx", "zones", Root.Value, Origin, null, new Dictionary<string, string>(), []));
    private readonly List<string> _said = [], _warned = [];
    private readonly string _prefix;
    private readonly TestClock _clock = new();

    public CreateTests()
    {
        _store = new ImageStore(_datasets, new ImagePaths(_folder.Path));
        Directory.CreateDirectory(Path.GetDirectoryName(_store.Paths.PlatformStamp)!);
        File.WriteAllText(_store.Paths.PlatformStamp, "20261120T104500Z\n");
        Directory.CreateDirectory(Path.GetDirectoryName(_store.Paths.ZoneIndex)!);
        File.WriteAllText(_store.Paths.ZoneIndex, $"{Vm}:installed:/zones/{Vm}:{Vm}\n");
        var origin = DatasetName.Parse($"zones/{Origin}");
        _datasets.Create(origin, new Dictionary<string, string> { ["mountpoint"] = _folder[$"zones/{Origin}"] });
        _datasets.Snapshot(origin.At("final"));
        _store.Database.Save("zones", ImageManifest.Parse($$"""
            {"v": 2, "uuid": "{{Origin}}", "name": "base", "version": "1", "type": "lx-dataset", "os": "linux",
             "requirements": {"min_ram": 64}, "users": [{"name": "root"}], "billing_tags": [], "description": "not handed down"}
            """, "test"), null);
        _datasets.Clone(origin.At("final"), Root, new Dictionary<string, string> { ["mountpoint"] = _folder.Make($"zones/{Vm}") });
        _folder.Make($"zones/{Vm}/root");
        File.WriteAllText(_folder[$"zones/{Vm}/root/made"], "by the guest");
        File.WriteAllText(Path.Combine(_folder.Make($"zones/{Vm}/config"), "metadata.json"), "a password");
        File.WriteAllText(Path.Combine(_folder.Make($"zones/{Vm}/cores"), "core.1"), "memory");
        File.CreateSymbolicLink(_folder[$"zones/{Vm}/link"], _folder.Make("elsewhere"));
        _datasets.SetContent(Root, TestImage.Noise(100_000));
        _prefix = Path.Combine(_folder.Make("out"), "mine");
    }

    public void Dispose()
    {
        _datasets.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("none", "")]
    [InlineData("gzip", ".gz")]
    [InlineData("bzip2", ".bz2")]
    [InlineData("xz", ".xz")]
    [InlineData("zstd", ".zst")]
    public void An_image_of_a_VM_is_installed_as_any_other(string compression, string ending)
    {
        var manifest = Create(Options() with { Compression = ImageCompression.Parse(compression) });
        string file = _prefix + ".memory" + ending;
        Assert.Equal([file, _prefix + ".imgmanifest"], Files().OrderDescending());
        var read = ImageManifest.Parse(File.ReadAllText(_prefix + ".imgmanifest"), "test");
        Assert.Equal((manifest.Uuid, compression, (Uuid?)null), (read.Uuid, read.File!.Compression, read.Origin));
        Assert.Equal((new FileInfo(file).Length, Convert.ToHexStringLower(SHA1.HashData(File.ReadAllBytes(file))), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))),
            (read.File.Size, read.File.Sha1, read.File.Sha256));
        new ImageInstaller(_store, new ImportReport()).Install(read, file, "zones", null);
        Assert.Equal(_datasets.GetContent(Root), _datasets.GetContent(DatasetName.Parse($"zones/{read.Uuid}")));
    }

    [Fact]
    public void It_holds_the_root_and_nothing_else_that_is_the_VMs()
    {
        string[] sent = [];
        _datasets.OnOperation = (operation, name) =>
        {
            if (operation == "snapshot" && name == $"{Root}-image@final")
            {
                sent = [.. Directory.GetFileSystemEntries(_folder[Root.Value + "-image"], "*", SearchOption.AllDirectories).Select(p => Path.GetFileName(p))];
            }
        };
        Create(Options());
        Assert.Equal(["root", "made"], sent);
        Assert.True(Directory.Exists(_folder["elsewhere"]));
        Assert.Equal("a password", File.ReadAllText(_folder[$"zones/{Vm}/config/metadata.json"]));
        AssertAsBefore();
    }

    [Fact]
    public void An_increment_names_its_origin_and_begins_there()
    {
        var manifest = Create(Options() with { Incremental = true, MostOrigins = 2 });
        Assert.Equal(Origin, manifest.Origin);
        var installed = new ImageInstaller(_store, new ImportReport()).Install(manifest, _prefix + ".memory", "zones", null);
        Assert.Equal($"zones/{Origin}@final", _datasets.GetProperties(installed.DatasetName, "origin")["origin"]);
        // A VM of that has two below it.
        _vms.Vm = _vms.Vm with { Image = manifest.Uuid };
        Code("MaxOriginDepth", () => Create(Options() with { Incremental = true, MostOrigins = 1 }));
        _vms.Vm = _vms.Vm with { Image = Uuid.New() };
        Code("VmHasNoOrigin", () => Create(Options() with { Incremental = true }));
    }

    [Fact]
    public void A_failure_at_any_step_leaves_nothing()
    {
        int steps = 0;
        _datasets.OnOperation = (_, _) => steps++;
        Create(Options());
        Files().ForEach(File.Delete);
        for (int failing = 0; failing < steps; failing++)
        {
            int at = 0;
            bool failed = false;
            _datasets.OnOperation = (operation, name) =>
            {
                if (!failed && at++ == failing)
                {
                    failed = true;
                    throw DatasetException.Failed(name, operation, new IOException("no"));
                }
            };
            try
            {
                Create(Options());
                Assert.NotEmpty(_warned); // it was in the tidying up
            }
            catch (DatasetException)
            {
                Assert.Empty(Files());
            }
            _datasets.OnOperation = null;
            _warned.Clear();
            Create(Options()); // and the next takes away what could not be tidied up
            AssertAsBefore();
            Files().ForEach(File.Delete);
        }
    }

    [Fact]
    public void An_interruption_leaves_nothing()
    {
        using var stop = new CancellationTokenSource();
        _datasets.OnOperation = (operation, name) =>
        {
            if (name.EndsWith("-image@final", StringComparison.Ordinal))
            {
                stop.Cancel();
            }
        };
        Assert.Throws<OperationCanceledException>(() => Create(Options(), stop.Token));
        Assert.Empty(Files());
        AssertAsBefore();
    }

    [Fact]
    public void A_VM_prepares_itself_and_is_as_before()
    {
        _vms.Vm = _vms.Vm with { State = "running" };
        _vms.Does(vm => vm, FakeVms.Says("prepare-image:state", "running"), FakeVms.Says("prepare-image:state", "success"), vm => vm, FakeVms.GoesDown);
        Create(Options() with { Script = "#!/bin/sh\n" });
        Assert.Equal(
        [
            "stop", "snapshot imgadm-create-pre-prepare",
            """update {"set_internal_metadata":{"operator-script":"#!/bin/sh\n"},"remove_customer_metadata":["prepare-image:state","prepare-image:error"]}""",
            "start", "rollback imgadm-create-pre-prepare", "forget imgadm-create-pre-prepare", "start",
        ], _vms.Done);
        Assert.Equal(("running", 0), (_vms.Vm.State, _vms.Vm.Metadata.Count));
        Assert.Equal(2, Files().Count);
        AssertAsBefore();
    }

    [Fact]
    public void What_a_killed_run_left_beside_the_file_goes_with_the_next()
    {
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(_prefix)!, $".mine.memory.{Vm}"), "half");
        Create(Options());
        Assert.Equal(["mine.imgmanifest", "mine.memory"], Files().Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_preparation_that_fails_says_why_and_the_VM_is_as_before()
    {
        void Fails(string code, string says, params Func<ProtoVm, ProtoVm>[] guest)
        {
            _vms.Done.Clear();
            _vms.Does(guest);
            Assert.Contains(says, Code(code, () => Create(Options() with { Script = "x" })), StringComparison.Ordinal);
            Assert.Equal(["rollback imgadm-create-pre-prepare", "forget imgadm-create-pre-prepare"], _vms.Done[^2..]);
            Assert.True(_vms.Vm.IsStopped);
            Assert.Empty(Files());
            AssertAsBefore();
        }

        Fails("PrepareImageDidNotRun", "never said prepare-image:state");
        Assert.InRange(_clock.Passed, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(6));
        Fails("PrepareImageDidNotRun", "never said prepare-image:state", vm => vm, FakeVms.GoesDown);
        Fails("PrepareImageError", "no such thing", FakeVms.Says("prepare-image:state", "running"), vm => FakeVms.Says("prepare-image:error", "no such thing")(FakeVms.Says("prepare-image:state", "error")(vm)));
        Fails("PrepareImageError", "went down before it said success", FakeVms.Says("prepare-image:state", "running"), FakeVms.GoesDown);
        Fails("PrepareImageError", "did not shut down", FakeVms.Says("prepare-image:state", "success"));
        _vms.Vm = _vms.Vm with { Snapshots = ["imgadm-create-pre-prepare"] };
        Code("PrepareImageError", () => Create(Options() with { Script = "x" }));
    }

    [Fact]
    public void Only_what_can_be_sent_as_it_stands_is()
    {
        _vms.Vm = _vms.Vm with { State = "running" };
        Code("VmNotStopped", () => Create(Options()));
        _vms.Vm = _vms.Vm with { State = "stopped", Brand = "kvm" };
        Code("NotSupported", () => Create(Options()));
        Code("ManifestValidation", () =>
        {
            _vms.Vm = _vms.Vm with { Brand = "lx" };
            return Create(Options() with { Manifest = new JsonObject { ["name"] = "no version" } });
        });
        Assert.Empty(Files());
        AssertAsBefore();
    }

    [Fact]
    public void What_is_not_for_the_user_to_say_is_left_out_with_a_word()
    {
        var manifest = Create(Options() with
        {
            Manifest = new JsonObject { ["name"] = "mine", ["version"] = "1", ["uuid"] = $"{Origin}", ["files"] = new JsonArray(), ["v"] = 2 },
        });
        Assert.NotEqual(Origin, manifest.Uuid);
        Assert.Equal(["files", "uuid"], _warned.Select(w => w.Split(' ')[0]).Order());
    }

    private static CreateOptions Options() => new(new JsonObject { ["name"] = "mine", ["version"] = "1" }, ImageCompression.Parse("none"), false, null, null, "");

    private ImageManifest Create(CreateOptions options, CancellationToken stop = default) =>
        new ImageCreator(_store, _vms, new ImportReport { Say = _said.Add, Warn = _warned.Add }, stop, _clock, time => _clock.Passed += time)
            .Create(Vm, options with { Prefix = _prefix });

    private List<string> Files() => [.. Directory.GetFileSystemEntries(Path.GetDirectoryName(_prefix)!)];

    private void AssertAsBefore()
    {
        Assert.DoesNotContain(_datasets.List(null, DatasetKinds.All), e => e.Name.Contains("-image", StringComparison.Ordinal) || e.Name.Contains("@imgadm", StringComparison.Ordinal));
        Assert.False(Directory.Exists(_folder[Root.Value + "-image"]));
    }

    private static string Code(string code, Func<object> action)
    {
        var error = Assert.Throws<LumosException>(action);
        Assert.Equal(code, error.Code);
        return error.Message;
    }

    private sealed class TestClock : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        public override long GetTimestamp() => Passed.Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    }
}
