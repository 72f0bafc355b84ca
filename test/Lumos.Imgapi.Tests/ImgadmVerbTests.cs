using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Applets;
using Lumos.Images.Create;
using Lumos.Images.Model;
using Lumos.Images.Sources;
using Lumos.Images.Store;
using Lumos.Images.Tests;
using Lumos.Images.Tests.Create;
using Lumos.Testing;
using Xunit;

namespace Lumos.Imgapi.Tests;

/// <summary>What else of imgadm meets a server: update, create -p, sources -e, channels.</summary>
public sealed class ImgadmVerbTests : IAsyncLifetime
{
    private static readonly Uuid Vm = Uuid.Parse("aaaaaaaa-0000-4000-8000-000000000001");

    private readonly TestFolder _folder = new();
    private readonly FakeDatasets _datasets = new("zones") { KeepsFiles = true };
    private readonly FakeVms _vms = new(new ProtoVm(Vm, "stopped", "lx", "zones", $"zones/{Vm}", null, null, new Dictionary<string, string>(), []));
    private readonly Dictionary<string, string> _environment = [];
    private readonly ImageStore _store;
    private RunningServer _server = null!;

    public ImgadmVerbTests()
    {
        _store = new ImageStore(_datasets, new ImagePaths(_folder.Path));
        _folder.Make("etc/version");
        File.WriteAllText(_store.Paths.PlatformStamp, "20261120T104500Z\n");
    }

    public async ValueTask InitializeAsync()
    {
        _server = await RunningServer.Start(s => s with { Channels = new Model.Channels([new("dev", "", true), new("release", "", false)]) });
        ImgadmConfig.Load(_store.Paths).Save([ImageSource.Parse(_server.Url)]);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _datasets.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Update_records_what_the_source_says_now()
    {
        var (image, uuid) = await Installed();
        Assert.Equal("", Imgadm(0, "update"));
        _ = await RunningServer.Json(await _server.Act(uuid, "update", new JsonObject { ["description"] = "new", ["tags"] = new JsonObject { ["a"] = "b" } }));
        Assert.Contains("Would update image", Imgadm(0, "update", "-n"));
        Assert.Null(_store.Get(image.Uuid).Manifest!["description"]);
        Assert.Contains("description, tags", Imgadm(0, "update", uuid));
        Assert.Equal("new", (string?)_store.Get(image.Uuid).Manifest!["description"]);
        Assert.Equal(_server.Url, _store.Get(image.Uuid).Source);
        Assert.Equal("", Imgadm(0, "update"));
    }

    [Fact]
    public async Task Update_finds_the_manifest_of_an_image_that_was_received_by_hand()
    {
        var (image, uuid) = await Installed();
        _store.Database.Remove("zones", image.Uuid);
        Assert.Contains("nothing was known of it", Imgadm(0, "update"));
        Assert.Equal(uuid, _store.Get(image.Uuid).Manifest!.Uuid.ToString());
    }

    [Fact]
    public async Task Update_leaves_alone_what_is_another_image_by_its_file_or_is_nowhere()
    {
        var (image, uuid) = await Installed();
        var json = _store.Get(image.Uuid).Manifest!.ToJson();
        json["files"]![0]!["sha1"] = new string('0', 40);
        json["description"] = "mine";
        _store.Database.Save("zones", ImageManifest.Parse(json.ToJsonString(), "test"), null);
        Assert.Contains("another file in the source", Imgadm(1, "update"));
        Assert.Equal("mine", (string?)_store.Get(image.Uuid).Manifest!["description"]);
        _ = await _server.Writer.DeleteAsync($"/images/{uuid}");
        Assert.Contains("is in none of the sources", Imgadm(0, "update"));
        Imgadm(3, "update", Uuid.New().ToString());
    }

    [Fact]
    public async Task Update_names_the_snapshot_final_by_its_guid()
    {
        var (image, _) = await Installed(withGuid: true);
        var dataset = DatasetName.Parse($"zones/{image.Uuid}");
        _datasets.RenameSnapshot(dataset.At("final"), "old");
        Assert.Contains("@final", Imgadm(0, "update", "-n"));
        Assert.False(_datasets.Exists(dataset.At("final")));
        Assert.Contains("Renamed snapshot", Imgadm(0, "update"));
        Assert.True(_datasets.Exists(dataset.At("final")));
    }

    [Fact]
    public async Task An_image_is_made_of_a_VM_and_published_at_once()
    {
        MakeVm();
        _environment[SourceKey.Variable] = _server.Paths.Keys;
        string said = Imgadm(0, "create", "-q", "-c", "gzip", "-p", _server.Url + "?channel=release", $"{Vm}", "name=mine", "version=1.0", "type=lx-dataset", "os=linux");
        Assert.Contains("Activated image", said);
        Assert.Equal(["mine"], await _server.Names("channel=release"));
        Assert.Empty(await _server.Names());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["var/tmp/.imgadm-publish"]));
        string uuid = Imgadm(0, "avail", "-H", "-o", "uuid").Trim();
        Assert.Equal("", uuid); // the source is of the channel dev
        ImgadmConfig.Load(_store.Paths).Save([ImageSource.Parse(_server.Url + "?channel=release")]);
        uuid = Imgadm(0, "avail", "-H", "-o", "uuid").Trim();
        Imgadm(0, "import", "-q", uuid);
        Assert.Equal(_datasets.GetContent(DatasetName.Parse($"zones/{Vm}")), _datasets.GetContent(DatasetName.Parse($"zones/{uuid}")));
    }

    [Fact]
    public async Task A_channel_is_named_for_import_and_show()
    {
        byte[] stream = new TestImage(TestImage.Noise(5000)).File;
        string uuid = await _server.Publish(stream, "gold", channel: "release");
        Assert.Contains("was not found", Imgadm(1, "import", "-q", uuid));
        Assert.Contains("gold", Imgadm(0, "show", "-C", "release", uuid));
        Imgadm(0, "import", "-q", "-C", "release", uuid);
    }

    [Fact]
    public void Nothing_is_made_for_a_server_that_is_not_there_or_refuses()
    {
        MakeVm();
        Assert.Contains("does not answer as an image server", Imgadm(1, "create", "-p", "http://127.0.0.1:1", $"{Vm}", "name=mine", "version=1", "type=lx-dataset", "os=linux"));
        Assert.Contains("UnauthorizedError", Imgadm(1, "create", "-q", "-p", _server.Url, $"{Vm}", "name=mine", "version=1", "type=lx-dataset", "os=linux"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["var/tmp/.imgadm-publish"]));
        Assert.Equal([$"zones", $"zones/{Vm}"], _datasets.List(null, DatasetKinds.All).Select(e => e.Name));
        Assert.Empty(_server.Files);
    }

    [Fact]
    public void Sources_are_edited_as_a_whole_or_not_at_all()
    {
        _environment["EDITOR"] = "true";
        Assert.Contains("No change", Imgadm(0, "sources", "-e"));
        _environment["EDITOR"] = "sed -i s,http://127.0.0.1,https://localhost,";
        Assert.Contains("Saved 1", Imgadm(0, "sources", "-e"));
        Assert.StartsWith("https://localhost", Imgadm(0, "sources"));
        _environment["VISUAL"] = "sed -i s,https:,gopher:,";
        Assert.Contains("is not the http or https URL", Imgadm(1, "sources", "-e"));
        _environment["VISUAL"] = "sed -i s,url,uri,";
        Assert.Contains("has no URL", Imgadm(1, "sources", "-e"));
        _environment["VISUAL"] = "false";
        Assert.Contains("as they were", Imgadm(1, "sources", "-e"));
        Assert.StartsWith("https://localhost", Imgadm(0, "sources"));
    }

    private async Task<(TestImage Image, string Uuid)> Installed(bool withGuid = false)
    {
        var image = new TestImage(TestImage.Noise(5000));
        if (withGuid)
        {
            image.Manifest["files"]![0]!["dataset_guid"] = $"{image.Guid}";
        }
        string uuid = image.Uuid.ToString();
        _ = await RunningServer.Json(await _server.Act(uuid, "import", image.Manifest));
        _ = await RunningServer.Json(await _server.Upload(uuid, image.File, $"compression=gzip{(withGuid ? $"&dataset_guid={image.Guid}" : "")}"));
        _ = await RunningServer.Json(await _server.Act(uuid, "activate"));
        Imgadm(0, "import", "-q", uuid);
        return (image, uuid);
    }

    private void MakeVm()
    {
        var root = DatasetName.Parse($"zones/{Vm}");
        _folder.Make("etc/zones");
        File.WriteAllText(_store.Paths.ZoneIndex, $"{Vm}:installed:/zones/{Vm}:{Vm}\n");
        _datasets.Create(root, new Dictionary<string, string> { ["mountpoint"] = _folder.Make($"zones/{Vm}") });
        _folder.Make($"zones/{Vm}/root");
        _datasets.SetContent(root, TestImage.Noise(100_000));
    }

    /// <summary>Both outputs.</summary>
    private string Imgadm(int status, params string[] words)
    {
        using var output = new StringWriter();
        int found = new ImgadmCommand(
            new AppletContext
            {
                Name = "imgadm",
                Args = words,
                Out = output,
                Error = output,
                InputIsTerminal = () => false,
                OutputIsTerminal = () => false,
                ErrorIsTerminal = () => false,
                Environment = _environment.GetValueOrDefault,
            },
            _store, _vms).Run();
        Assert.True(found == status, $"status {found}: {output}");
        return output.ToString();
    }
}
