using Lumos.Images.Publish;
using Lumos.Images.Sources;
using Lumos.Images.Tests;
using Lumos.Images.Tests.Applets;
using Xunit;

namespace Lumos.Imgapi.Tests;

/// <summary>imgadm and the server, together.</summary>
public sealed class PublishTests : IAsyncLifetime
{
    private readonly Machine _machine = new();
    private RunningServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await RunningServer.Start();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _machine.Dispose();
    }

    [Fact]
    public void What_is_published_is_available_and_imported()
    {
        var image = new TestImage(TestImage.Noise(200_000)).Publish(_machine.Published);
        string published = _machine.Succeed(Publish(image)).Out;
        Assert.Contains($"Activated image {image.Uuid}", published);
        _ = _machine.Succeed("sources", "-d", ImageSource.Default.Url);
        _ = _machine.Succeed("sources", "-a", _server.Url);
        Assert.StartsWith(image.Uuid.ToString(), _machine.Succeed("avail", "-H").Out);
        _ = _machine.Succeed("import", image.Uuid.ToString());
        Assert.Equal(image.Content, _machine.Datasets.GetContent(Drivers.Datasets.DatasetName.Parse($"zones/{image.Uuid}")));
        Assert.NotNull(_machine.Store.Get(image.Uuid).Manifest!.File!.Sha256);
    }

    [Fact]
    public void Without_a_key_nothing_is_published_and_with_the_key_of_the_source_it_is()
    {
        var image = new TestImage(TestImage.Noise(1000)).Publish(_machine.Published);
        string[] words = ["publish", "-m", _machine[$"published/{image.Uuid}.json"], "-f", _machine[$"published/{image.Uuid}.zfs.gz"], _server.Url];
        var refused = _machine.Imgadm(words);
        Assert.Equal(1, refused.Status);
        Assert.Contains("UnauthorizedError", refused.Error);
        _ = _machine.Succeed("sources", "-a", _server.Url, "--key-file", _server.Paths.Keys);
        _ = _machine.Succeed(words);
    }

    [Fact]
    public void A_file_that_is_not_the_manifests_is_not_sent()
    {
        var image = new TestImage(TestImage.Noise(1000)).Publish(_machine.Published);
        File.AppendAllText(_machine[$"published/{image.Uuid}.zfs.gz"], "x");
        var refused = _machine.Imgadm(Publish(image));
        Assert.Contains("is not the file of image", refused.Error);
        Assert.Empty(_server.Files);
    }

    [Fact]
    public void What_is_there_already_is_left_alone_and_what_a_killed_run_left_is_made_anew()
    {
        var image = new TestImage(TestImage.Noise(1000)).Publish(_machine.Published);
        using (var client = new ImgapiClient(ImageSource.Parse(_server.Url) with { KeyFile = _server.Paths.Keys }, new Drivers.Fetch.FetchOptions()))
        {
            _ = client.Import(Images.Model.ImageManifest.Parse(image.Manifest.ToJsonString(), "here")); // and no more: the client was killed
        }
        Assert.Contains("made anew", _machine.Succeed(Publish(image)).Error);
        var again = _machine.Imgadm(Publish(image));
        Assert.Equal(1, again.Status);
        Assert.Contains("already; an image of other content needs another UUID", again.Error);
        Assert.Equal(2, _server.Files.Length);
    }

    [Fact]
    public void An_interrupted_publish_takes_the_image_back()
    {
        var image = new TestImage(TestImage.Noise(500_000)).Publish(_machine.Published);
        using var stop = new CancellationTokenSource();
        using var client = new ImgapiClient(ImageSource.Parse(_server.Url) with { KeyFile = _server.Paths.Keys }, new Drivers.Fetch.FetchOptions());
        var report = new Images.Import.ImportReport { Say = _ => stop.Cancel() }; // as soon as it is made there
        _ = Assert.Throws<OperationCanceledException>(() =>
            new ImagePublisher(client, report, stop.Token).Publish(Images.Model.ImageManifest.Parse(image.Manifest.ToJsonString(), "here"), _machine[$"published/{image.Uuid}.zfs.gz"]));
        Assert.Empty(_server.Files);
    }

    private string[] Publish(TestImage image) =>
    [
        "publish", "-m", _machine[$"published/{image.Uuid}.json"], "-f", _machine[$"published/{image.Uuid}.zfs.gz"], "--key-file", _server.Paths.Keys, _server.Url,
    ];
}
