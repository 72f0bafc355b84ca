using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Lumos.Drivers.Datasets;
using Lumos.Images.Server;
using Lumos.Images.Tests.Applets;
using Lumos.Testing;
using Xunit;

namespace Lumos.Images.Tests.Import;

/// <summary>imgadm import from a real image server, and from servers that cut, lie and deceive.</summary>
public sealed class ImportTests : IDisposable
{
    private readonly Machine _machine = new();
    private readonly ImageServer _server;

    public ImportTests()
    {
        _server = ImageServer.Start(_machine.Published);
        _machine.Succeed("sources", "-d", "https://images.smartos.org");
        _machine.Succeed("sources", "-a", _server.Url);
    }

    public void Dispose()
    {
        _server.Dispose();
        _machine.Dispose();
    }

    private string Downloaded(TestImage image) => Path.Combine(_machine.Paths.Downloads, $"{image.Uuid}.file");

    [Fact]
    public void An_image_is_imported_byte_for_byte_and_recorded()
    {
        var image = new TestImage(TestImage.Noise(700_000)).Publish(_machine.Published);
        var result = _machine.Succeed("import", $"{image.Uuid}");
        Assert.Equal($"Imported image {image.Uuid} (test@1.0.0)\n", result.Out);
        var installed = _machine.Store.Get(image.Uuid);
        Assert.True(_machine.Datasets.Exists(installed.FinalSnapshot));
        Assert.Equal(image.Content, _machine.Datasets.GetContent(installed.DatasetName));
        Assert.Equal("noauto", _machine.Datasets.GetProperties(installed.DatasetName, "canmount")["canmount"]);
        Assert.Equal(_server.Url, installed.Source);
        var record = JsonNode.Parse(File.ReadAllText(Path.Combine(_machine.Paths.Database, $"zones-{image.Uuid}.json")))!;
        Assert.True(JsonNode.DeepEquals(image.Manifest, record["manifest"]));
        Assert.Equal("zones", (string?)record["zpool"]);
        Assert.False(File.Exists(Downloaded(image)));
        Assert.Equal(["zones", installed.DatasetName.Value], _machine.Datasets.List(null).Select(e => e.Name));

        Assert.Contains("already installed", _machine.Succeed("import", $"{image.Uuid}").Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Origins_come_first_even_inactive_ones()
    {
        var parent = new TestImage([1, 2], "parent");
        parent.Manifest["state"] = "disabled";
        parent.Publish(_machine.Published);
        var child = new TestImage([1, 2, 3], "child", parent.Uuid, fromGuid: parent.Guid).Publish(_machine.Published);
        string output = _machine.Succeed("import", $"{child.Uuid}").Out;
        Assert.Matches("(?s)parent.*child", output);
        Assert.Equal($"zones/{parent.Uuid}@final",
            _machine.Datasets.GetProperties(_machine.Store.Get(child.Uuid).DatasetName, "origin")["origin"]);
        Assert.Equal(1, _machine.Imgadm("delete", $"{parent.Uuid}").Status);
        Assert.Matches($"(?s){child.Uuid}.*{parent.Uuid}", _machine.Succeed("ancestry", "-H", "-o", "uuid", $"{child.Uuid}").Out);

        var disabled = new TestImage([1], "retired");
        disabled.Manifest["state"] = "disabled";
        disabled.Publish(_machine.Published);
        var refused = _machine.Imgadm("import", $"{disabled.Uuid}");
        Assert.Equal(1, refused.Status);
        Assert.Contains("not active", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_increment_of_something_else_leaves_nothing()
    {
        var parent = new TestImage([1, 2], "parent").Publish(_machine.Published);
        var child = new TestImage([1, 2, 3], "child", parent.Uuid, fromGuid: 12345).Publish(_machine.Published);
        Assert.Equal(1, _machine.Imgadm("import", $"{child.Uuid}").Status);
        Assert.Equal(["zones", $"zones/{parent.Uuid}"], _machine.Datasets.List(null).Select(e => e.Name));
    }

    [Theory]
    [InlineData("sha1", "", 40, "SHA-1")]
    [InlineData("sha256", "", 64, "SHA-256")]
    [InlineData("digest", "sha256:", 64, "SHA-256")]
    [InlineData("digest", "sha512:", 128, "SHA-512")]
    public void A_wrong_checksum_leaves_nothing(string key, string kind, int digits, string named)
    {
        var image = new TestImage(TestImage.Noise(5000));
        image.Manifest["files"]![0]![key] = kind + new string('0', digits);
        image.Publish(_machine.Published);
        var result = _machine.Imgadm("import", $"{image.Uuid}");
        Assert.Equal(1, result.Status);
        Assert.Contains($"has the {named} ", result.Error, StringComparison.Ordinal);
        _machine.AssertEmpty();
        Assert.False(File.Exists(Downloaded(image)));
    }

    [Fact]
    public void A_right_SHA_512_is_fine()
    {
        var image = new TestImage(TestImage.Noise(5000));
        image.Manifest["files"]![0]!["digest"] = "sha512:" + Convert.ToHexStringLower(SHA512.HashData(image.File));
        image.Publish(_machine.Published);
        _machine.Succeed("import", $"{image.Uuid}");
    }

    [Theory]
    [InlineData("receive")]
    [InlineData("received")]
    [InlineData("set")]
    [InlineData("rename")]
    public void A_failure_at_any_step_leaves_nothing_and_the_next_import_succeeds(string operation)
    {
        var image = new TestImage([1, 2, 3]).Publish(_machine.Published);
        _machine.Datasets.OnOperation = (o, n) =>
        {
            if (o == operation)
            {
                throw DatasetException.Failed(n, operation, new IOException("out of order"));
            }
        };
        Assert.Equal(1, _machine.Imgadm("import", $"{image.Uuid}").Status);
        _machine.Datasets.OnOperation = null;
        _machine.AssertEmpty();
        _machine.Succeed("import", $"{image.Uuid}");
    }

    [Fact]
    public void What_a_power_cut_left_is_cleared()
    {
        var image = new TestImage([1, 2, 3]).Publish(_machine.Published);
        var partial = DatasetName.Parse($"zones/{image.Uuid}-partial");
        _machine.Datasets.Create(partial);
        _machine.Datasets.Snapshot(partial.At("half"));
        Assert.Equal("", _machine.Succeed("list", "-H").Out);
        _machine.Succeed("import", $"{image.Uuid}");
        Assert.False(_machine.Datasets.Exists(partial));
    }

    [Fact]
    public void A_download_of_an_earlier_import_is_continued_and_a_wrong_one_replaced()
    {
        var good = new TestImage(TestImage.Noise(50_000)).Publish(_machine.Published);
        var bad = new TestImage(TestImage.Noise(60_000)).Publish(_machine.Published);
        Directory.CreateDirectory(_machine.Paths.Downloads);
        File.WriteAllBytes(Downloaded(good), good.File[..20_000]);
        File.WriteAllBytes(Downloaded(bad), TestImage.Noise(20_000));
        Assert.Empty(_machine.Succeed("import", "-q", $"{good.Uuid}").Error);
        Assert.Contains("starting anew", _machine.Succeed("import", "-q", $"{bad.Uuid}").Error, StringComparison.Ordinal);
        Assert.Equal(bad.Content, _machine.Datasets.GetContent(_machine.Store.Get(bad.Uuid).DatasetName));
    }

    [Fact]
    public void A_server_that_cuts_every_answer_still_gets_it_across()
    {
        var image = new TestImage(TestImage.Noise(90_000));
        int calls = 0;
        using var server = Serve(image, head =>
        {
            calls++;
            int from = Regex.Match(head, "Range: bytes=(\\d+)-") is { Success: true } m ? int.Parse(m.Groups[1].Value) : 0;
            byte[] part = image.File[from..Math.Min(image.File.Length, from + 40_000)];
            return ScriptedHttpServer.Reply(from == 0 ? 200 : 206, part, image.File.Length - from,
                $"Content-Range: bytes {from}-{image.File.Length - 1}/{image.File.Length}");
        });
        _machine.Succeed("import", "-S", server.Url, $"{image.Uuid}");
        Assert.Equal(3, calls);
        Assert.Equal(image.Content, _machine.Datasets.GetContent(_machine.Store.Get(image.Uuid).DatasetName));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void What_comes_is_received_while_the_rest_comes(bool anew, bool wrong)
    {
        var image = new TestImage(TestImage.Noise(400_000));
        if (wrong)
        {
            image.Manifest["files"]![0]!["sha1"] = new string('0', 40);
        }
        using var begun = new ManualResetEventSlim();
        _machine.Datasets.OnOperation = (operation, _) =>
        {
            if (operation == "receive")
            {
                begun.Set();
            }
        };
        int calls = 0;
        using var server = Serve(image, head =>
        {
            if (calls++ == 0)
            {
                return ScriptedHttpServer.Reply(200, image.File[..200_000], image.File.Length);
            }
            Assert.True(begun.Wait(TimeSpan.FromSeconds(20)), "nothing is received before all has come");
            return anew || !head.Contains("Range: bytes=200000-", StringComparison.Ordinal) ? ScriptedHttpServer.Reply(200, image.File)
                : ScriptedHttpServer.Reply(206, image.File[200_000..], null, $"Content-Range: bytes 200000-{image.File.Length - 1}/{image.File.Length}");
        });
        var run = _machine.Imgadm("import", "-S", server.Url, $"{image.Uuid}");
        if (wrong)
        {
            Assert.Contains("has the SHA-1 ", run.Error, StringComparison.Ordinal);
            _machine.AssertEmpty();
            return;
        }
        Assert.True(run.Status == 0, run.Error);
        Assert.Equal(image.Content, _machine.Datasets.GetContent(_machine.Store.Get(image.Uuid).DatasetName));
        Assert.False(File.Exists(Downloaded(image)));
    }

    [Theory]
    [InlineData("xz")]
    [InlineData("zstd")]
    [InlineData("bzip2")]
    public void What_a_tool_decompresses_is_fed_to_it_as_it_comes(string tool)
    {
        var image = new TestImage(TestImage.Noise(400_000), compress: false);
        File.WriteAllBytes(_machine["image"], image.File);
        Assert.SkipWhen(!new[] { "/usr/bin/", "/bin/" }.Any(folder => File.Exists(folder + tool)), $"{tool} is not on this machine");
        Assert.True(Lumos.Drivers.Tools.Tool.Run(tool, "-k", _machine["image"]).Succeeded);
        byte[] packed = File.ReadAllBytes(_machine["image"] + tool switch { "bzip2" => ".bz2", "zstd" => ".zst", _ => ".xz" });
        image.Manifest["files"]![0]!["size"] = packed.Length;
        image.Manifest["files"]![0]!["sha1"] = Convert.ToHexStringLower(SHA1.HashData(packed));
        using var server = Serve(image, head => head.Contains("Range:", StringComparison.Ordinal)
            ? ScriptedHttpServer.Reply(206, packed[100_000..], null, $"Content-Range: bytes 100000-{packed.Length - 1}/{packed.Length}")
            : ScriptedHttpServer.Reply(200, packed[..100_000], packed.Length));
        _machine.Succeed("import", "-S", server.Url, $"{image.Uuid}");
        Assert.Equal(image.Content, _machine.Datasets.GetContent(_machine.Store.Get(image.Uuid).DatasetName));
    }

    [Fact]
    public void A_server_that_says_a_size_and_sends_another_is_refused()
    {
        var image = new TestImage(TestImage.Noise(5000));
        using var longer = Serve(image, _ => ScriptedHttpServer.Reply(200, [.. image.File, .. new byte[1000]]));
        Assert.Contains("longer than", _machine.Imgadm("import", "-S", longer.Url, $"{image.Uuid}").Error, StringComparison.Ordinal);
        using var endless = Serve(image, _ => [.. "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"u8, .. image.File, .. new byte[1_000_000]]);
        Assert.Contains("longer than", _machine.Imgadm("import", "-S", endless.Url, $"{image.Uuid}").Error, StringComparison.Ordinal);
        using var shorter = Serve(image, _ => ScriptedHttpServer.Reply(200, image.File[..100]));
        Assert.Equal(1, _machine.Imgadm("import", "-S", shorter.Url, $"{image.Uuid}").Status);
        _machine.AssertEmpty();
    }

    [Fact]
    public void A_server_that_sends_the_manifest_of_another_image_is_refused()
    {
        var image = new TestImage([1]);
        using var server = Serve(image, _ => null);
        var other = Core.Uuid.New();
        Assert.Contains("manifest of", _machine.Imgadm("import", "-S", server.Url, $"{other}").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Origins_in_a_circle_end()
    {
        var (a, b) = (new TestImage([1]), new TestImage([2]));
        a.Manifest["origin"] = b.Uuid.ToString();
        b.Manifest["origin"] = a.Uuid.ToString();
        a.Publish(_machine.Published);
        b.Publish(_machine.Published);
        var result = _machine.Imgadm("import", $"{a.Uuid}");
        Assert.Equal(1, result.Status);
        Assert.Contains("origins", result.Error, StringComparison.Ordinal);
        _machine.AssertEmpty();
    }

    [Fact]
    public void A_stream_that_is_no_dataset_or_of_the_wrong_kind_leaves_nothing()
    {
        var volume = new TestImage([1, 2]);
        volume.Manifest["type"] = "zvol";
        volume.Manifest["image_size"] = 10;
        volume.Manifest["nic_driver"] = "virtio";
        volume.Manifest["disk_driver"] = "virtio";
        volume.Publish(_machine.Published);
        Assert.Contains("its type is zvol", _machine.Imgadm("import", $"{volume.Uuid}").Error, StringComparison.Ordinal);
        _machine.AssertEmpty();
    }

    [Fact]
    public void Another_snapshot_name_becomes_final()
    {
        var image = new TestImage([1, 2], snapshot: "20261120").Publish(_machine.Published);
        _machine.Succeed("import", $"{image.Uuid}");
        Assert.True(_machine.Datasets.Exists(_machine.Store.Get(image.Uuid).FinalSnapshot));
    }

    [Fact]
    public void What_a_publisher_set_on_his_dataset_stays_with_him()
    {
        var image = new TestImage([1, 2], properties: new Dictionary<string, string>
        {
            ["quota"] = "4096", ["refreservation"] = "1000000", ["sharenfs"] = "on", ["mountpoint"] = "/etc", ["imgadm:ignore"] = "yes", ["recordsize"] = "16384",
        }).Publish(_machine.Published);
        _machine.Succeed("import", $"{image.Uuid}");
        var values = _machine.Datasets.GetProperties(_machine.Store.Get(image.Uuid).DatasetName, "quota", "refreservation", "sharenfs", "mountpoint", "imgadm:ignore", "recordsize");
        Assert.Equal(["0", "0", null, $"/zones/{image.Uuid}", null, "16384"], values.Values);
    }

    [Fact]
    public void Of_a_volume_it_stays_there_too_and_what_no_volume_has_is_not_spoken_of()
    {
        var image = new TestImage([1, 2], volume: "10485760", properties: new Dictionary<string, string> { ["refreservation"] = "1000000", ["volmode"] = "none" }).Publish(_machine.Published);
        _machine.Succeed("import", $"{image.Uuid}");
        var values = _machine.Datasets.GetProperties(_machine.Store.Get(image.Uuid).DatasetName, "refreservation", "volmode", "volsize");
        Assert.Equal(["0", null, "10485760"], values.Values);
    }

    [Fact]
    public void A_newer_platform_than_ours_is_demanded_in_vain()
    {
        var image = new TestImage([1]);
        image.Manifest["requirements"] = new JsonObject { ["min_platform"] = new JsonObject { ["7.0"] = "20300101T000000Z" } };
        image.Publish(_machine.Published);
        Assert.Contains("needs platform 20300101T000000Z", _machine.Imgadm("import", $"{image.Uuid}").Error, StringComparison.Ordinal);
        _machine.AssertEmpty();
    }

    [Fact]
    public async Task Imports_at_the_same_time_download_each_image_once()
    {
        var images = Enumerable.Range(0, 4).Select(i => new TestImage(TestImage.Noise(300_000 + i)).Publish(_machine.Published)).ToList();
        var results = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            Task.Factory.StartNew(() => _machine.Imgadm("import", $"{images[i % 4].Uuid}"), TaskCreationOptions.LongRunning)));
        Assert.All(results, r => Assert.Equal((0, true), (r.Status, r.Status == 0 || r.Error.Length > 0)));
        Assert.Equal(4, results.Count(r => r.Out.StartsWith("Imported", StringComparison.Ordinal)));
        Assert.All(images, i => Assert.Equal(i.Content, _machine.Datasets.GetContent(_machine.Store.Get(i.Uuid).DatasetName)));
        Assert.Empty(Directory.GetFiles(_machine.Paths.Downloads));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("xz")]
    [InlineData("bzip2")]
    [InlineData("zstd")]
    public void Install_takes_what_the_bytes_say(string compression)
    {
        string? tool = compression is "none" or "gzip" ? null : new[] { "/usr/bin/", "/bin/" }.Select(d => d + compression).FirstOrDefault(File.Exists);
        Assert.SkipWhen(compression is not ("none" or "gzip") && tool is null, $"{compression} is not on this machine");
        var image = new TestImage(TestImage.Noise(200_000), compress: compression == "gzip");
        string file = _machine["image"];
        File.WriteAllBytes(file, image.File);
        if (tool is not null)
        {
            Assert.True(Lumos.Drivers.Tools.Tool.Run(tool, "-k", file).Succeeded);
            file += compression switch { "bzip2" => ".bz2", "zstd" => ".zst", _ => ".xz" };
            image.Manifest["files"]![0]!["sha1"] = Convert.ToHexStringLower(SHA1.HashData(File.ReadAllBytes(file)));
            image.Manifest["files"]![0]!["size"] = new FileInfo(file).Length;
            image.Manifest["files"]![0]!["compression"] = "none"; // a lie that does not matter
        }
        File.WriteAllText(_machine["m.json"], image.Manifest.ToJsonString());
        _machine.Succeed("install", "-m", _machine["m.json"], "-f", file);
        Assert.Equal(image.Content, _machine.Datasets.GetContent(_machine.Store.Get(image.Uuid).DatasetName));
    }

    [Fact]
    public void Install_of_a_damaged_file_or_without_its_origin_leaves_nothing()
    {
        var image = new TestImage(TestImage.Noise(20_000));
        ((JsonObject)image.Manifest).Remove("files"); // nothing to check it by
        File.WriteAllText(_machine["m.json"], image.Manifest.ToJsonString());
        File.WriteAllBytes(_machine["f"], image.File[..^1000]);
        Assert.Equal(1, _machine.Imgadm("install", "-m", _machine["m.json"], "-f", _machine["f"]).Status);
        _machine.AssertEmpty();

        image.Manifest["origin"] = Core.Uuid.New().ToString();
        File.WriteAllText(_machine["m.json"], image.Manifest.ToJsonString());
        Assert.Equal(3, _machine.Imgadm("install", "-m", _machine["m.json"], "-f", _machine["f"]).Status);
        _machine.AssertEmpty();
    }

    private static ScriptedHttpServer Serve(TestImage image, Func<string, byte[]?> file) => new(head =>
        head.Contains("/file", StringComparison.Ordinal)
            ? file(head)
            : ScriptedHttpServer.Reply(200, System.Text.Encoding.UTF8.GetBytes(image.Manifest.ToJsonString())));
}
