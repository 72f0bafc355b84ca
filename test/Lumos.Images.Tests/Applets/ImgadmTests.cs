using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Pools;
using Lumos.Images.Server;
using Lumos.Images.Store;
using Xunit;

namespace Lumos.Images.Tests.Applets;

public sealed class ImgadmTests : IDisposable
{
    private readonly Machine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void List_looks_like_this()
    {
        InstallFixed("11111111-1111-4111-8111-111111111111", "debian-13", "20261120", "2026-11-20T10:00:00Z");
        InstallFixed("22222222-2222-4222-8222-222222222222", "a", "1.0", "2026-01-02T10:00:00Z");
        _machine.Datasets.Create(DatasetName.Parse("zones/33333333-3333-4333-8333-333333333333"));
        Assert.Equal("""
            UUID                                  NAME       VERSION   OS     TYPE        PUB
            33333333-3333-4333-8333-333333333333  -          -         -      -           -
            22222222-2222-4222-8222-222222222222  a          1.0       linux  lx-dataset  2026-01-02
            11111111-1111-4111-8111-111111111111  debian-13  20261120  linux  lx-dataset  2026-11-20

            """, _machine.Succeed("list").Out);
        Assert.Equal("debian-13  zones\na          zones\n", _machine.Succeed("list", "-H", "-o", "name,zpool", "-s", "-name", "os=linux").Out);
        Assert.Equal("debian-13\n", _machine.Succeed("list", "-Ho", "name", "name=~bian").Out);
        var json = (JsonArray)JsonNode.Parse(_machine.Succeed("list", "-j", "name=a").Out)!;
        Assert.Equal("22222222-2222-4222-8222-222222222222", (string?)json[0]!["manifest"]!["uuid"]);
        Assert.Equal(("zones", 0), ((string?)json[0]!["zpool"], (int?)json[0]!["clones"]));
    }

    [Fact]
    public void Zone_roots_ignored_datasets_and_deeper_ones_are_no_images()
    {
        string zone = Uuid.New().ToString(), ignored = Uuid.New().ToString(), image = Uuid.New().ToString();
        _machine.Datasets.Create(DatasetName.Parse($"zones/{zone}"));
        _machine.Datasets.Create(DatasetName.Parse($"zones/{ignored}"), new Dictionary<string, string> { [ImageStore.IgnoreProperty] = "1" });
        _machine.Datasets.Create(DatasetName.Parse($"zones/{image}"));
        _machine.Datasets.Create(DatasetName.Parse($"zones/{image}/{Uuid.New()}"));
        _machine.Datasets.Create(DatasetName.Parse("zones/var"));
        Directory.CreateDirectory(Path.GetDirectoryName(_machine.Paths.ZoneIndex)!);
        File.WriteAllText(_machine.Paths.ZoneIndex, $"# comment\nglobal:installed:/\n{zone}:installed:/zones/{zone}:{zone}\n");
        Assert.Equal(image + "\n", _machine.Succeed("list", "-H", "-o", "uuid").Out);
    }

    [Fact]
    public void Get_shows_clones_and_children()
    {
        var uuid = InstallFixed("11111111-1111-4111-8111-111111111111", "base", "1", "2026-11-20T10:00:00Z");
        _machine.Datasets.Create(DatasetName.Parse("zones/vm"));
        _machine.Datasets.Clone(_machine.Store.Get(uuid).FinalSnapshot, DatasetName.Parse("zones/vm/disk0"));
        var info = JsonNode.Parse(_machine.Succeed("get", "-r", uuid.ToString()).Out)!;
        Assert.Equal(["zones/vm/disk0"], ((JsonArray)info["cloneNames"]!).Select(n => (string?)n));
        Assert.Equal("base", (string?)info["manifest"]!["name"]);
        Assert.Equal(1, (int?)info["clones"]);

        var refused = _machine.Imgadm("delete", uuid.ToString());
        Assert.Equal(1, refused.Status);
        Assert.Contains("zones/vm/disk0", refused.Error, StringComparison.Ordinal);
        Assert.Equal("No unused images\n", _machine.Succeed("vacuum", "-f").Out);

        _machine.Datasets.Destroy(DatasetName.Parse("zones/vm"), recursive: true);
        Assert.Equal($"Deleted image {uuid}\n", _machine.Succeed("delete", uuid.ToString()).Out);
        _machine.AssertEmpty();
    }

    [Theory]
    [InlineData("get")]
    [InlineData("delete")]
    [InlineData("ancestry")]
    public void What_is_not_installed_ends_with_3(string verb)
    {
        var result = _machine.Imgadm(verb, "11111111-1111-4111-8111-111111111111");
        Assert.Equal(3, result.Status);
        Assert.Equal("imgadm: image 11111111-1111-4111-8111-111111111111 is not installed\n", result.Error);
        Assert.Equal("", result.Out);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(2, "frobnicate")]
    [InlineData(2, "list", "-z")]
    [InlineData(2, "list", "name")]
    [InlineData(2, "get")]
    [InlineData(2, "install", "-m", "x")]
    [InlineData(2, "vacuum", "extra")]
    [InlineData(1, "get", "not-a-uuid")]
    [InlineData(1, "import", "busybox:latest")]
    [InlineData(1, "create", "x")]
    [InlineData(2, "create")]
    [InlineData(2, "create", "11111111-1111-4111-8111-111111111111", "-c", "lzma")]
    [InlineData(2, "create", "11111111-1111-4111-8111-111111111111", "name")]
    [InlineData(2, "create", "11111111-1111-4111-8111-111111111111", "--max-origin-depth", "1")]
    [InlineData(2, "create", "11111111-1111-4111-8111-111111111111", "-o", "/tmp", "-p", "http://x")]
    [InlineData(1, "create", "11111111-1111-4111-8111-111111111111", "-p", "http://x")]
    [InlineData(1, "create", "11111111-1111-4111-8111-111111111111", "-o", "/no/such/folder/x")]
    [InlineData(1, "create", "11111111-1111-4111-8111-111111111111", "-s", "/no/such/script")]
    [InlineData(2, "update", "--frobnicate")]
    [InlineData(2, "publish")]
    [InlineData(0, "--version")]
    [InlineData(0, "--help")]
    [InlineData(0, "help", "import")]
    [InlineData(0, "import", "-h")]
    public void Exit_statuses(int status, params string[] words)
    {
        var result = _machine.Imgadm(words);
        Assert.Equal(status, result.Status);
        Assert.NotEmpty(status == 0 ? result.Out : result.Error);
        Assert.Empty(status == 0 ? result.Error : result.Out);
    }

    [Fact]
    public void An_error_can_be_a_record()
    {
        var result = _machine.Imgadm("-E", "get", "11111111-1111-4111-8111-111111111111");
        Assert.Equal("ImageNotInstalled", (string?)JsonNode.Parse(result.Error)!["err"]!["code"]);
    }

    [Fact]
    public void Sources_are_added_listed_checked_and_deleted()
    {
        using var server = ImageServer.Start(_machine.Published);
        Assert.Equal("https://images.smartos.org\n", _machine.Succeed("sources").Out);
        _machine.Succeed("sources", "-a", server.Url + "/");
        Assert.Contains("no change", _machine.Succeed("sources", "-a", server.Url).Out, StringComparison.Ordinal);
        _machine.Succeed("sources", "-d", "https://images.smartos.org/");
        Assert.Equal(server.Url + "\n", _machine.Succeed("sources").Out);
        var json = (JsonArray)JsonNode.Parse(_machine.Succeed("sources", "-j").Out)!;
        Assert.Equal((server.Url, "imgapi"), ((string?)json[0]!["url"], (string?)json[0]!["type"]));

        using var other = new Lumos.Testing.ScriptedHttpServer(_ => Lumos.Testing.ScriptedHttpServer.Reply(200, "<html>"u8.ToArray()));
        Assert.Equal("SourcePing", (string?)JsonNode.Parse(_machine.Imgadm("-E", "sources", "-a", other.Url).Error)!["err"]!["code"]);
        _machine.Succeed("sources", "-f", "-k", "-a", other.Url + "/path?channel=dev");
        Assert.Matches($"(?s){server.Url}.*true.*\n.*{other.Url}/path.*false", _machine.Succeed("sources", "-c").Out);
        Assert.Equal(1, _machine.Imgadm("sources", "-a", "http://x", "-t", "docker").Status);
        Assert.Equal(1, _machine.Imgadm("sources", "-a", "ftp://x").Status);
        _machine.Succeed("sources", "-d", server.Url, "-d", other.Url + "/path?channel=dev");
        Assert.Equal("", _machine.Succeed("sources").Out);
        Assert.Contains("no image sources", _machine.Imgadm("avail").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_of_the_configuration_that_are_not_ours_are_kept_and_damage_is_told()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_machine.Paths.Configuration)!);
        File.WriteAllText(_machine.Paths.Configuration,
            """{"upgradedToVer":"3.0.0","dockerImportSkipUuids":true,"sources":[{"url":"https://datasets.example","type":"later"}]}""");
        Assert.Contains("later", _machine.Imgadm("avail").Error, StringComparison.Ordinal);
        _machine.Succeed("sources", "-f", "-a", "http://192.0.2.1");
        var json = JsonNode.Parse(File.ReadAllText(_machine.Paths.Configuration))!;
        Assert.True((bool?)json["dockerImportSkipUuids"]);
        Assert.Equal("later", (string?)json["sources"]![0]!["type"]);
        File.WriteAllText(_machine.Paths.Configuration, "{ no");
        Assert.Equal(1, _machine.Imgadm("sources").Status);
    }

    [Fact]
    public void Avail_and_show_ask_all_sources_and_one_that_fails_is_told()
    {
        using var server = ImageServer.Start(_machine.Published);
        var image = new TestImage([1], "remote").Publish(_machine.Published);
        _machine.Succeed("sources", "-d", "https://images.smartos.org");
        using (var gone = ImageServer.Start(_machine.Published))
        {
            _machine.Succeed("sources", "-a", gone.Url);
        }
        _machine.Succeed("sources", "-a", server.Url);
        var avail = _machine.Imgadm("avail", "-H", "-o", "uuid,source");
        Assert.Equal(1, avail.Status);
        Assert.Equal($"{image.Uuid}  {server.Url}\n", avail.Out);
        Assert.Contains("refused", avail.Error, StringComparison.Ordinal);
        Assert.True(JsonNode.DeepEquals(image.Manifest, JsonNode.Parse(_machine.Succeed("show", $"{image.Uuid}").Out)));
        Assert.Equal(1, _machine.Imgadm("show", $"{Uuid.New()}").Status);
    }

    [Fact]
    public void What_a_server_calls_its_images_cannot_touch_the_terminal()
    {
        using var server = new Lumos.Testing.ScriptedHttpServer(_ =>
        {
            var good = new TestImage([1], "good").Manifest;
            good["description"] = "a\u001b]0;x\u0007b";
            var bad = new TestImage([1]).Manifest;
            bad["name"] = "evil\u001b[2J";
            return Lumos.Testing.ScriptedHttpServer.Reply(200, System.Text.Encoding.UTF8.GetBytes(new JsonArray(good, bad).ToJsonString()));
        });
        _machine.Succeed("sources", "-f", "-a", server.Url, "-d", "https://images.smartos.org");
        var result = _machine.Succeed("avail", "-o", "name,description");
        Assert.DoesNotContain('\u001b', result.Out + result.Error);
        Assert.Contains("1 images", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Vacuum_takes_increments_before_their_origins_and_nothing_unknown()
    {
        using var server = ImageServer.Start(_machine.Published);
        var parent = new TestImage([1], "parent").Publish(_machine.Published);
        var child = new TestImage([2], "child", parent.Uuid, fromGuid: parent.Guid).Publish(_machine.Published);
        _machine.Succeed("import", "-S", server.Url, $"{child.Uuid}");
        var unknown = Uuid.New();
        _machine.Datasets.Create(DatasetName.Parse($"zones/{unknown}"));
        Assert.Equal(2, _machine.Imgadm("vacuum").Status);
        Assert.Matches("(?s)Would delete.*child.*Would delete.*parent", _machine.Succeed("vacuum", "-n").Out);
        _machine.Succeed("vacuum", "-f");
        Assert.Equal(["zones", $"zones/{unknown}"], _machine.Datasets.List(null).Select(e => e.Name));
    }

    [Fact]
    public void Of_one_image_it_is_told_whether_VMs_can_be_made_of_it()
    {
        var uuid = InstallFixed("aaaaaaaa-0000-4000-8000-000000000001", "a", "1", "2026-01-01T00:00:00Z");
        var dataset = DatasetName.Parse($"zones/{uuid}");
        Assert.Equal("a", _machine.Store.FindClonable("zones", uuid)!.Manifest!.Name);
        Assert.Null(_machine.Store.FindClonable("tank", uuid));
        Assert.Null(_machine.Store.FindClonable("zones", Uuid.New()));
        _machine.Datasets.SetProperties(dataset, new Dictionary<string, string> { [ImageStore.IgnoreProperty] = "x" });
        Assert.Null(_machine.Store.FindClonable("zones", uuid));
        _machine.Datasets.Inherit(dataset, ImageStore.IgnoreProperty);
        _machine.Datasets.RenameSnapshot(dataset.At("final"), "other");
        Assert.Null(_machine.Store.FindClonable("zones", uuid));
    }

    [Fact]
    public void An_image_goes_to_the_systems_pool_unless_another_is_named()
    {
        using var machine = new Machine("tank");
        SystemPoolName.Keep("tank", machine.Paths.SystemPool);
        var image = new TestImage([1, 2, 3], "elsewhere");
        File.WriteAllText(machine["m.json"], image.Manifest.ToJsonString());
        File.WriteAllBytes(machine["f"], image.File);
        machine.Succeed("install", "-m", machine["m.json"], "-f", machine["f"]);
        Assert.Equal("tank\n", machine.Succeed("list", "-H", "-o", "zpool").Out);
    }

    private Uuid InstallFixed(string uuid, string name, string version, string published)
    {
        var image = new TestImage([1, 2, 3], name);
        image.Manifest["uuid"] = uuid;
        image.Manifest["version"] = version;
        image.Manifest["published_at"] = published;
        File.WriteAllText(_machine["m.json"], image.Manifest.ToJsonString());
        File.WriteAllBytes(_machine["f"], image.File);
        _machine.Succeed("install", "-m", _machine["m.json"], "-f", _machine["f"]);
        return Uuid.Parse(uuid);
    }
}
