using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Import;
using Lumos.Images.Oci;
using Lumos.Images.Store;
using Lumos.Testing;
using Xunit;

namespace Lumos.Images.Tests.Oci;

/// <summary>Layouts and archives become images, on a real file system.</summary>
[Trait("level", "host")]
public sealed class OciImportTests : IDisposable
{
    private static readonly JsonObject Run = new() { ["Cmd"] = new JsonArray("/bin/true"), ["Env"] = new JsonArray("A=1") };

    private readonly OciMachine _machine = new();
    private readonly OciLayoutMaker _layout;

    public OciImportTests() => _layout = new OciLayoutMaker(_machine.At("layout"));

    public void Dispose() => _machine.Dispose();

    private static TestLayer Base => new TestLayer().Folder("etc/").File("etc/a", "a").File("etc/b", "b").Folder("data/").File("data/1", "1").File("data/2", "2");

    private static TestLayer Middle => new TestLayer { Compression = "none" }.Whiteout("etc/a").Folder("data/").Opaque("data").File("data/3", "3");

    private static TestLayer Top => new TestLayer().File("etc/b", "new b", 0b110_000_000, user: 33).File("etc/c", "c");

    [Fact]
    public void Layers_become_a_chain_of_clones_with_their_whiteouts_applied()
    {
        var digests = _layout.Image("1.0", Run, Base, Middle, Top);
        var image = _machine.Import($"oci:{_layout.Folder}:1.0", out string said);
        var uuids = LayerChain.Of(digests.Select(OciDigest.Parse));
        Assert.Equal(uuids[2], image.Uuid);
        Assert.Equal($"Imported image {image.Uuid} (oci:{_layout.Folder}:1.0)", said);
        Assert.Equal(uuids.Select(u => $"zones/{u}").Order(StringComparer.Ordinal), _machine.Datasets);
        Assert.Equal(["data/", "data/3", "etc/", "etc/b", "etc/c"], _machine.Files(image));
        Assert.Equal(["data/", "data/1", "data/2", "etc/", "etc/a", "etc/b"], _machine.Files(_machine.Store.Get(uuids[0])));
        Assert.Equal(uuids[1], image.Manifest!.Origin);
        Assert.Equal($"zones/{uuids[1]}@final", _machine.Pool.Datasets.GetProperties(image.DatasetName, "origin")["origin"]);
        Assert.Equal("docker", image.Manifest.Type);
        Assert.Equal(["/bin/true"], image.Manifest["tags"]!["docker:config"]!["Cmd"]!.AsArray().Select(n => (string)n!));
        Assert.Null(_machine.Store.Get(uuids[1]).Manifest!["tags"]!["docker:config"]);
        Assert.Equal("step 2", (string?)_machine.Store.Get(uuids[1]).Manifest!["description"]);
        ((Drivers.Datasets.IDatasets)_machine.Pool.Datasets).LookInto(image.FinalSnapshot, folder =>
        {
            Assert.Equal("new b", File.ReadAllText(Path.Combine(folder, "root/etc/b")));
            Assert.Equal(33u, Linux.Files.FileStatus.Of(Path.Combine(folder, "root/etc/b")).User);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        });
        Assert.Empty(Directory.Exists(_machine.Paths.Downloads) ? Directory.GetFiles(_machine.Paths.Downloads) : []);
        Assert.Equal([], Directory.GetDirectories(_machine.At("zones")));
    }

    [Fact]
    public void What_images_share_is_there_once()
    {
        _layout.Image("one", Run, Base, Middle);
        _layout.Image("two", Run, Base, Top);
        _machine.Import($"oci:{_layout.Folder}:one");
        _machine.Import($"oci:{_layout.Folder}:two");
        Assert.Equal(3, _machine.Datasets.Count);
        _machine.Import($"oci:{_layout.Folder}:two", out string again);
        Assert.Contains("is already installed, skipping", again);
        Assert.Equal(3, _machine.Datasets.Count);
    }

    [Fact]
    public void Images_of_the_same_layers_with_other_configurations_are_two()
    {
        _layout.Image("one", Run, Base);
        _layout.Image("two", new JsonObject { ["Cmd"] = new JsonArray("/bin/false") }, Base);
        var one = _machine.Import($"oci:{_layout.Folder}:one");
        var two = _machine.Import($"oci:{_layout.Folder}:two");
        Assert.NotEqual(one.Uuid, two.Uuid);
        Assert.Equal(one.Uuid, two.Manifest!.Origin);
        Assert.Equal(_machine.Files(one), _machine.Files(two));
        Assert.Equal("/bin/true", (string?)_machine.Store.Get(one.Uuid).Manifest!["tags"]!["docker:config"]!["Cmd"]![0]);
        Assert.Equal("/bin/false", (string?)two.Manifest["tags"]!["docker:config"]!["Cmd"]![0]);
        Assert.Contains("already installed", Said(() => _machine.Import($"oci:{_layout.Folder}:two")));
    }

    [Fact]
    public void A_layer_that_is_there_gets_a_name_when_it_is_an_image_of_its_own()
    {
        _layout.Image("whole", Run, Base, Middle);
        _layout.Image("example.org/base:1", Run, Base);
        _machine.Import($"oci:{_layout.Folder}:whole");
        var image = _machine.Import($"oci:{_layout.Folder}:example.org/base:1", out string said);
        Assert.StartsWith("Imported image", said);
        Assert.Equal(2, _machine.Datasets.Count);
        Assert.Equal("example.org/base", DockerManifest.TagOf(image.Manifest, DockerManifest.Repo));
        Assert.Equal(image.Uuid, DockerNames.Find(_machine.Store, "example.org/base:1"));
    }

    [Fact]
    public void A_tag_moves_to_the_image_that_has_it_now()
    {
        _layout.Image("example.org/a:1", Run, Base);
        var old = _machine.Import($"oci:{_layout.Folder}:example.org/a:1");
        File.Delete(Path.Combine(_layout.Folder, "index.json"));
        var renewed = new OciLayoutMaker(_layout.Folder);
        renewed.Image("example.org/a:1", Run, Base, Top);
        var now = _machine.Import($"oci:{_layout.Folder}:example.org/a:1");
        Assert.Equal(now.Uuid, DockerNames.Find(_machine.Store, "example.org/a:1"));
        Assert.Empty(DockerManifest.TagsOf(_machine.Store.Get(old.Uuid).Manifest!["tags"]));
    }

    [Fact]
    public void The_image_of_this_machine_is_chosen()
    {
        _layout.Image("x", new JsonObject { ["Cmd"] = new JsonArray("arm") }, "arm64", Top);
        _layout.Image("x", Run, OciPlatform.OfMachine.Architecture, Base);
        Assert.Equal(["data/", "data/1", "data/2", "etc/", "etc/a", "etc/b"], _machine.Files(_machine.Import($"oci:{_layout.Folder}")));
        _layout.Image("other", Run, "s390x", Base);
        var error = Assert.Throws<LumosException>(() => _machine.Import($"oci:{_layout.Folder}:other"));
        Assert.Equal("PlatformNotFound", error.Code);
        Assert.Contains("linux/s390x", error.Message);
        Assert.Contains("several images", Assert.Throws<LumosException>(() => _machine.Import($"oci:{_layout.Folder}")).Message);
        Assert.Contains("there is no tag y (x, other)", Assert.Throws<LumosException>(() => _machine.Import($"oci:{_layout.Folder}:y")).Message);
    }

    [Theory]
    [InlineData("layer bytes", "DownloadError")]
    [InlineData("layer size", "DownloadError")]
    [InlineData("layer is gone", "ImageNotFound")]
    [InlineData("layer is a fifo", "InvalidImage")]
    [InlineData("config", "DownloadError")]
    [InlineData("diff id", "InvalidImage")]
    [InlineData("number of layers", "InvalidImage")]
    [InlineData("hostile layer", "ArchiveRefused")]
    [InlineData("cut layer", "ArchiveDamaged")]
    public void What_lies_leaves_nothing(string lie, string code)
    {
        var digests = _layout.Image("bad", Run, Base, Middle);
        var config = Directory.GetFiles(Path.Combine(_layout.Folder, "blobs/sha256")).Single(f => File.ReadAllText(f).Contains("\"rootfs\"", StringComparison.Ordinal));
        string top = _layout.PathOf(digests[1]);
        switch (lie)
        {
            case "layer bytes":
                byte[] bytes = File.ReadAllBytes(top);
                bytes[600] ^= 1;
                File.WriteAllBytes(top, bytes);
                break;
            case "layer size":
                File.AppendAllText(top, "x");
                break;
            case "layer is gone":
                File.Delete(top);
                break;
            case "layer is a fifo":
                File.Delete(top);
                Drivers.Tools.Tool.Run("mkfifo", top).OrThrow();
                break;
            case "config":
                File.WriteAllText(config, File.ReadAllText(config).Replace("A=1", "A=2", StringComparison.Ordinal));
                break;
            case "diff id":
                Rewrite(config, text => text.Replace(OciLayoutMaker.Digest(Middle.Tar()), OciLayoutMaker.Digest([1]), StringComparison.Ordinal));
                break;
            case "number of layers":
                Rewrite(config, text => text.Replace($",\"{OciLayoutMaker.Digest(Middle.Tar())}\"", "", StringComparison.Ordinal));
                break;
            case "hostile layer":
                _layout.Image("worse", Run, Base, new TestLayer().File("../../escaped", "x"));
                break;
            default:
                byte[] cut = Middle.Tar()[..1000];
                digests = [digests[0], _layout.Blob(cut)];
                RewriteManifest(cut, OciLayoutMaker.Digest(cut), config);
                break;
        }
        var error = Assert.Throws<LumosException>(() => _machine.Import($"oci:{_layout.Folder}:{(lie == "hostile layer" ? "worse" : "bad")}"));
        Assert.Equal(code, error.Code);
        Assert.Equal([], _machine.Datasets);
        Assert.Equal([], Directory.GetDirectories(_machine.At("zones")));
        Assert.Empty(Directory.Exists(_machine.Paths.Database) ? Directory.GetFiles(_machine.Paths.Database) : []);
        Assert.False(File.Exists(_machine.At("escaped")));
    }

    [Fact]
    public void A_bomb_is_refused()
    {
        _layout.Image("bomb", Run, new TestLayer { Raw = Bomb(3L << 29) });
        Assert.Equal("ArchiveRefused", Assert.Throws<LumosException>(() => _machine.Import($"oci:{_layout.Folder}")).Code);
        Assert.Equal([], _machine.Datasets);
    }

    [Fact]
    public void A_layer_that_fills_the_pool_leaves_it_as_it_was()
    {
        _machine.Pool.Datasets.SetProperties(Drivers.Datasets.DatasetName.Parse("zones"), new Dictionary<string, string> { ["quota"] = "300M" });
        byte[] noise = new byte[32 << 20];
        Random.Shared.NextBytes(noise);
        var layer = new TestLayer { Compression = "none" };
        for (int i = 0; i < 8; i++)
        {
            layer.File($"noise{i}", noise);
        }
        _layout.Image("large", Run, layer);
        var error = Assert.Throws<LumosException>(() => _machine.Import($"oci:{_layout.Folder}"));
        Assert.Equal("InsufficientSpace", error.Code);
        Assert.Contains("zones", error.Message);
        Assert.Equal([], _machine.Datasets);
    }

    [Fact]
    public void What_a_power_cut_left_is_taken_away_and_layers_that_stand_are_used()
    {
        var digests = _layout.Image("1", Run, Base, Middle);
        var uuids = LayerChain.Of(digests.Select(OciDigest.Parse));
        _layout.Image("base", Run, Base);
        _machine.Import($"oci:{_layout.Folder}:base");
        var partial = Drivers.Datasets.DatasetName.Parse($"zones/{uuids[1]}-partial");
        _machine.Pool.Datasets.Clone(_machine.Store.Get(uuids[0]).FinalSnapshot, partial);
        File.WriteAllText(_machine.At($"zones/{uuids[1]}-partial/half"), "x");
        var image = _machine.Import($"oci:{_layout.Folder}:1");
        Assert.DoesNotContain("half", _machine.Files(image));
        Assert.Equal(2, _machine.Datasets.Count);
    }

    [Fact]
    public void An_access_list_of_a_layer_is_kept()
    {
        _layout.Image("1", Run, new TestLayer().Shared("shared", "user::rw-,user:1000:r--,group::r--,mask::r--,other::---"));
        var image = _machine.Import($"oci:{_layout.Folder}:1");
        ((Drivers.Datasets.IDatasets)_machine.Pool.Datasets).LookInto(image.FinalSnapshot, folder =>
            Assert.NotNull(Linux.Files.ExtendedAttribute.Read(Path.Combine(folder, "root/shared"), "system.posix_acl_access")));
    }

    [Fact]
    public void Layers_that_an_image_server_keeps_are_installed_over_their_origins()
    {
        _layout.Image("1", Run, Base);
        var below = _machine.Import($"oci:{_layout.Folder}:1");
        string file = _machine.At("layer.tar"), text = _machine.At("layer.json");
        File.WriteAllBytes(file, Middle.Tar());
        var manifest = below.Manifest!.ToJson();
        manifest["uuid"] = "5a7e0000-0000-4000-8000-0000000000d1";
        manifest["origin"] = below.Uuid.ToString();
        manifest.Remove("files");
        File.WriteAllText(text, manifest.ToJsonString());
        Assert.Equal(0, new Images.Applets.ImgadmCommand(
            new Cli.AppletContext
            {
                Name = "imgadm", Args = ["install", "-q", "-m", text, "-f", file], Out = TextWriter.Null, Error = TextWriter.Null, Environment = _ => null,
                InputIsTerminal = () => false, OutputIsTerminal = () => false, ErrorIsTerminal = () => false,
            },
            _machine.Store).Run());
        Assert.Equal(["data/", "data/3", "etc/", "etc/b"], _machine.Files(_machine.Store.Get(Uuid.Parse("5a7e0000-0000-4000-8000-0000000000d1"))));
    }

    [Theory]
    [InlineData(0)] // while it is fetched
    [InlineData(1)]
    [InlineData(2)]
    public void An_import_that_is_interrupted_is_taken_back(int layers)
    {
        _layout.Image("1", Run, Base, Middle, Top);
        using var stop = new CancellationTokenSource();
        int stages = 0;
        var report = new ImportReport
        {
            Stop = stop.Token,
            Stage = stage =>
            {
                if (stage.StartsWith("Installing", StringComparison.Ordinal) ? stages++ == layers : layers == 0 && stage.StartsWith("Fetching", StringComparison.Ordinal))
                {
                    stop.Cancel();
                }
            },
        };
        using var source = new LayoutFolder(_layout.Folder, "1");
        Assert.ThrowsAny<OperationCanceledException>(() => new OciImporter(_machine.Store, report).Import(source, null, "zones"));
        Assert.Equal([], _machine.Datasets);
        Assert.Equal([], Directory.GetDirectories(_machine.At("zones")));
        _machine.Import($"oci:{_layout.Folder}:1");
    }

    [Fact]
    public void Archives_of_the_OCI_and_of_docker_are_read_where_they_lie()
    {
        var digests = _layout.Image("1", Run, Base, Middle);
        string archive = _machine.At("layout.tar");
        TarFile.CreateFromDirectory(_layout.Folder, archive, includeBaseDirectory: false);
        var image = _machine.Import($"oci-archive:{archive}:1");
        Assert.Equal(LayerChain.Of(digests.Select(OciDigest.Parse))[1], image.Uuid);
        Assert.Equal(["data/", "data/3", "etc/", "etc/b"], _machine.Files(image));

        var saved = _machine.Import($"docker-archive:{DockerSave("saved.tar", gzip: false)}", out string said);
        Assert.Equal(["data/", "data/3", "etc/", "etc/b"], _machine.Files(saved));
        Assert.Contains("(docker.io/library/saved:2)", said);
        // Its digests are of what is not compressed: other layers by name, and the same twice over.
        Assert.Equal(saved.Uuid, _machine.Import($"docker-archive:{DockerSave("saved.tar.gz", gzip: true)}:saved:2").Uuid);
        Assert.Contains("there is no such image in it (saved:2)", Assert.Throws<LumosException>(() => _machine.Import($"docker-archive:{_machine.At("saved.tar")}:other")).Message);
        Assert.Empty(Directory.GetFiles(_machine.Paths.Downloads));
    }

    [Fact]
    public void Images_are_deleted_from_above_and_a_layer_in_use_is_not()
    {
        var digests = _layout.Image("1", Run, Base, Middle, Top);
        _machine.Import($"oci:{_layout.Folder}");
        var uuids = LayerChain.Of(digests.Select(OciDigest.Parse));
        var remover = new ImageRemover(_machine.Store, new ImportReport());
        Assert.Equal("ImageHasDependentClones", Assert.Throws<LumosException>(() => remover.Remove(_machine.Store.Get(uuids[1]))).Code);
        foreach (var uuid in uuids.Reverse())
        {
            remover.Remove(_machine.Store.Get(uuid));
        }
        Assert.Equal([], _machine.Datasets);
    }

    // A file of zeros, gzipped as small as it gets.
    private static byte[] Bomb(long length)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            byte[] header = new byte[512];
            System.Text.Encoding.ASCII.GetBytes("zeros").CopyTo(header, 0);
            System.Text.Encoding.ASCII.GetBytes($"0000644\00000000\00000000\0{Convert.ToString(length, 8).PadLeft(11, '0')}\000000000000\0        0").CopyTo(header, 100);
            System.Text.Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(b => b), 8).PadLeft(6, '0') + "\0 ").CopyTo(header, 148);
            byte[] block = new byte[1 << 20];
            gzip.Write(header);
            for (long done = 0; done < length; done += block.Length)
            {
                gzip.Write(block);
            }
        }
        return memory.ToArray();
    }

    private string Said(Action action)
    {
        action();
        return string.Join('\n', _machine.Said);
    }

    // As an old docker did: folders of layers, the second a link when it is the same.
    private string DockerSave(string name, bool gzip)
    {
        string path = _machine.At(name);
        using var memory = new MemoryStream();
        using (var writer = new TarWriter(memory, TarEntryFormat.Ustar, leaveOpen: true))
        {
            void Add(string entry, byte[] content) => writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, entry) { DataStream = new MemoryStream(content) });

            byte[] lower = Base.Tar(), upper = Middle.Tar();
            var config = new JsonObject
            {
                ["architecture"] = OciPlatform.OfMachine.Architecture, ["os"] = "linux", ["config"] = Run.DeepClone(),
                ["rootfs"] = new JsonObject { ["diff_ids"] = new JsonArray(OciLayoutMaker.Digest(lower), OciLayoutMaker.Digest(upper)) },
            };
            Add("one/layer.tar", lower);
            Add("real/upper.tar", upper);
            writer.WriteEntry(new UstarTarEntry(TarEntryType.SymbolicLink, "two/layer.tar") { LinkName = "../real/upper.tar" });
            Add("config.json", System.Text.Encoding.UTF8.GetBytes(config.ToJsonString()));
            Add("manifest.json", """[{"Config": "config.json", "RepoTags": ["saved:2"], "Layers": ["one/layer.tar", "two/layer.tar"]}]"""u8.ToArray());
        }
        using var file = File.Create(path);
        using Stream target = gzip ? new GZipStream(file, CompressionLevel.Fastest) : file;
        target.Write(memory.ToArray());
        return path;
    }

    // Changes the configuration so that everything above it fits what it is now.
    private void Rewrite(string config, Func<string, string> change)
    {
        string before = File.ReadAllText(config), after = change(before);
        Assert.NotEqual(before, after);
        Replace(OciLayoutMaker.Digest(System.Text.Encoding.UTF8.GetBytes(before)), System.Text.Encoding.UTF8.GetBytes(after));
    }

    private void RewriteManifest(byte[] layer, string digest, string config)
    {
        string old = OciLayoutMaker.Digest(Middle.Tar());
        Rewrite(config, text => text.Replace(old, digest, StringComparison.Ordinal));
        string manifest = ManifestFile();
        var json = JsonNode.Parse(File.ReadAllText(manifest))!;
        json["layers"]![1] = OciLayoutMaker.Descriptor("", layer);
        ReplaceManifest(manifest, System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()));
    }

    private void Replace(string configDigest, byte[] config)
    {
        _layout.Blob(config);
        string manifest = ManifestFile();
        var json = JsonNode.Parse(File.ReadAllText(manifest))!;
        Assert.Equal(configDigest, (string?)json["config"]!["digest"]);
        json["config"] = OciLayoutMaker.Descriptor("", config);
        ReplaceManifest(manifest, System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()));
    }

    private string ManifestFile() => _layout.PathOf((string)_layout.Index["manifests"]![0]!["digest"]!);

    private void ReplaceManifest(string old, byte[] manifest)
    {
        File.Delete(old);
        _layout.Blob(manifest);
        var index = _layout.Index;
        var entry = OciLayoutMaker.Descriptor("", manifest);
        entry["annotations"] = index["manifests"]![0]!["annotations"]!.DeepClone();
        index["manifests"]![0] = entry;
        File.WriteAllText(Path.Combine(_layout.Folder, "index.json"), index.ToJsonString());
    }
}
