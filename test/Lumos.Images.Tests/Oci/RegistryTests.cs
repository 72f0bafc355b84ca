using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Applets;
using Lumos.Images.Oci;
using Lumos.Testing;
using Xunit;

namespace Lumos.Images.Tests.Oci;

/// <summary>imgadm against a real registry.</summary>
[Trait("level", "host")]
public sealed class RegistryTests : IDisposable
{
    private static readonly JsonObject Run = new() { ["Cmd"] = new JsonArray("/bin/true") };

    private readonly OciMachine _machine = new();
    private readonly OciLayoutMaker _layout;
    private readonly IReadOnlyList<string> _digests;
    private TestRegistry? _registry;

    public RegistryTests()
    {
        byte[] noise = new byte[3 << 20];
        new Random(1).NextBytes(noise);
        _layout = new OciLayoutMaker(_machine.At("layout"));
        _digests = _layout.Image("1.0", Run, new TestLayer().File("a", noise).File("b", "b"), new TestLayer().Whiteout("b").File("c", "c"));
    }

    public void Dispose()
    {
        _registry?.Dispose();
        _machine.Dispose();
    }

    [Fact]
    public void An_image_is_shown_imported_listed_and_deleted_by_its_name()
    {
        Registry().Push($"oci:{_layout.Folder}:1.0", "team/app:1.0");
        string name = $"{_registry!.Host}/team/app:1.0";
        Assert.Equal($"Added image source \"{_registry.Url}\"\n", Succeed("sources", "-a", _registry.Url, "-t", "docker"));
        var uuids = LayerChain.Of(_digests.Select(OciDigest.Parse));
        Assert.Equal($"{uuids[1]}", (string?)JsonNode.Parse(Succeed("show", name))!["uuid"]);
        Assert.Equal($"Imported image {uuids[1]} ({name})\n", Succeed("import", "-q", name));
        Assert.Equal(["a", "c"], _machine.Files(_machine.Store.Get(uuids[1])));
        string[] row = Succeed("list", "--docker", "-H").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([$"{uuids[1]}", $"{_registry.Host}/team/app", "1.0", OciDigest.Parse(_digests[1]).Short, "2026-11-20"], row);
        Assert.Equal(2, Succeed("list", "-H", "type=docker").TrimEnd().Split('\n').Length);
        Assert.Equal(["docker", "docker"], Succeed("ancestry", "-H", "-o", "type", name).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Trim()));
        Assert.Contains("already installed, skipping", Succeed("import", "-q", name));
        Assert.Equal(_registry.Host + "/team/app", (string?)JsonNode.Parse(Succeed("get", name))!["manifest"]!["tags"]!["docker:repo"]);
        Assert.Contains("true", Succeed("sources", "-c"));
        Assert.Equal($"Deleted image {uuids[1]}\n", Succeed("delete", name));
        Assert.Equal($"Deleted image {uuids[0]} (docker-layer@{OciDigest.Parse(_digests[0]).Short})\n", Succeed("vacuum", "-f"));
        Assert.Equal([], _machine.Datasets);
        Assert.Equal(3, Imgadm(out _, "get", name));
    }

    [Fact]
    public void A_registry_on_this_machine_needs_no_source_and_a_digest_is_a_name()
    {
        Registry().Push($"oci:{_layout.Folder}:1.0", "app:1.0");
        string digest = (string)_layout.Index["manifests"]![0]!["digest"]!;
        var image = _machine.Import($"{_registry!.Host}/app@{digest}");
        Assert.Equal(image.Uuid, DockerNames.Find(_machine.Store, $"{_registry.Host}/app@{digest}"));
        Assert.Equal(image.Uuid, _machine.Import($"docker://{_registry.Host}/app:1.0").Uuid);
        var absent = Assert.Throws<LumosException>(() => _machine.Import($"{_registry.Host}/app:2.0"));
        Assert.Equal(("ImageNotFound", true), (absent.Code, absent.Message.Contains($"{_registry.Host}/app:2.0")));
        Assert.Equal("ImageNotFound", Assert.Throws<LumosException>(() => _machine.Import($"{_registry.Host}/other")).Code);
    }

    [Fact]
    public void Manifests_of_docker_and_lists_of_platforms_are_read()
    {
        Registry().Push($"oci:{_layout.Folder}:1.0", "app:docker", "--format", "v2s2");
        Assert.Equal(LayerChain.Of(_digests.Select(OciDigest.Parse))[1], _machine.Import($"{_registry!.Host}/app:docker").Uuid);
        var both = new OciLayoutMaker(_machine.At("both"));
        both.Image(null, Run, "arm64", new TestLayer().File("arm"));
        both.Image(null, Run, OciPlatform.OfMachine.Architecture, new TestLayer().File("ours"));
        byte[] list = System.Text.Encoding.UTF8.GetBytes(new JsonObject
        {
            ["schemaVersion"] = 2, ["mediaType"] = "application/vnd.oci.image.index.v1+json", ["manifests"] = both.Index["manifests"]!.DeepClone(),
        }.ToJsonString());
        both.Blob(list);
        var entry = OciLayoutMaker.Descriptor("application/vnd.oci.image.index.v1+json", list);
        entry["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = "both" };
        File.WriteAllText(Path.Combine(both.Folder, "index.json"), new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(entry) }.ToJsonString());
        _registry.Push($"oci:{both.Folder}:both", "app:both", "--all");
        Assert.Equal(["ours"], _machine.Files(_machine.Import($"{_registry.Host}/app:both")));
    }

    [Fact]
    public void A_registry_that_wants_a_name_gets_the_one_of_the_file()
    {
        Registry(locked: true).Push($"oci:{_layout.Folder}:1.0", "app:1.0");
        string name = $"{_registry!.Host}/app:1.0";
        var refused = Assert.Throws<LumosException>(() => _machine.Import(name));
        Assert.Equal("AuthorizationFailed", refused.Code);
        Assert.Contains("skopeo login --authfile", refused.Message);
        Drivers.Tools.Tool.Run(["skopeo", "login", "--tls-verify=false", "--authfile", _machine.Paths.RegistryCredentials, "-u", "tester", "-p", "secret", _registry.Host], null).OrThrow();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_machine.Paths.RegistryCredentials));
        _machine.Import(name);
        Assert.Equal(2, _machine.Datasets.Count);
    }

    [Fact]
    public void A_download_that_was_cut_is_gone_on_with_and_a_wrong_beginning_is_not_believed()
    {
        Registry().Push($"oci:{_layout.Folder}:1.0", "app:1.0");
        byte[] whole = File.ReadAllBytes(_layout.PathOf(_digests[0]));
        Directory.CreateDirectory(_machine.Paths.Downloads);
        string file = Path.Combine(_machine.Paths.Downloads, $"sha256-{_digests[0][7..]}.blob");
        File.WriteAllBytes(file, whole[..(whole.Length / 2)]);
        // With its first half gone from the registry only the second can come from there.
        byte[] damaged = [.. new byte[whole.Length / 2], .. whole[(whole.Length / 2)..]];
        File.WriteAllBytes(_registry!.PathOf(_digests[0]), damaged);
        _machine.Import($"{_registry.Host}/app:1.0");
        foreach (var uuid in LayerChain.Of(_digests.Select(OciDigest.Parse)).Reverse())
        {
            Succeed("delete", $"{uuid}");
        }

        File.WriteAllBytes(_registry.PathOf(_digests[0]), whole);
        File.WriteAllBytes(file, damaged[..(whole.Length / 2)]);
        _machine.Import($"{_registry.Host}/app:1.0");
        Assert.Contains(_machine.Notes, n => n.Contains("does not fit; starting anew"));
        Assert.Empty(Directory.GetFiles(_machine.Paths.Downloads));
    }

    [Fact]
    public void A_registry_that_lies_leaves_nothing()
    {
        Registry().Push($"oci:{_layout.Folder}:1.0", "app:1.0");
        byte[] top = File.ReadAllBytes(_registry!.PathOf(_digests[1]));
        top[^9] ^= 1;
        File.WriteAllBytes(_registry.PathOf(_digests[1]), top);
        var error = Assert.Throws<LumosException>(() => _machine.Import($"{_registry.Host}/app:1.0"));
        Assert.Equal("DownloadError", error.Code);
        Assert.Contains(_digests[1], error.Message);
        Assert.Equal([], _machine.Datasets);
        Assert.DoesNotContain(Directory.GetFiles(_machine.Paths.Downloads), f => f.Contains(_digests[1][7..]));
    }

    private TestRegistry Registry(bool locked = false) => _registry = new TestRegistry(_machine.At("registry"), locked);

    private string Succeed(params string[] words)
    {
        int status = Imgadm(out string output, words);
        Assert.True(status == 0, output);
        return output;
    }

    private int Imgadm(out string output, params string[] words)
    {
        using var text = new StringWriter();
        using var error = new StringWriter();
        int status = new ImgadmCommand(
            new AppletContext
            {
                Name = "imgadm", Args = words, Out = text, Error = error, Environment = _ => null,
                InputIsTerminal = () => false, OutputIsTerminal = () => false, ErrorIsTerminal = () => false,
            },
            _machine.Store).Run();
        output = status == 0 ? text.ToString() : error.ToString();
        return status;
    }
}
