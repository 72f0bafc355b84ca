using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Fetch;
using Lumos.Drivers.Files;
using Lumos.Images.Import;
using Lumos.Images.Oci;
using Lumos.Images.Server;
using Lumos.Images.Sources;
using Lumos.Images.Tests.Applets;
using Lumos.Images.Tests.Archives;
using Lumos.Testing;
using Xunit;

namespace Lumos.Images.Tests.Import;

/// <summary>What is left of imports that were killed, and that those which are interrupted leave nothing.</summary>
public sealed class LeftoversTests : IDisposable
{
    private static readonly Uuid Gone = Uuid.New(), AtWork = Uuid.New();

    private readonly Machine _machine = new();

    public void Dispose() => _machine.Dispose();

    private static DatasetName Half(Uuid uuid) => DatasetName.Parse($"zones/{uuid}-partial");

    private FileLock Lock(string name) => FileLock.Acquire(Path.Combine(_machine.Paths.Locks, name));

    private void LeaveHalves()
    {
        foreach (var uuid in new[] { Gone, AtWork })
        {
            _machine.Datasets.Create(Half(uuid));
            _machine.Datasets.Snapshot(Half(uuid).At("final"));
            Directory.CreateDirectory(Path.Combine(_machine.Paths.Unpacking, $"{uuid}-partial"));
        }
        _machine.Datasets.Create(DatasetName.Parse("zones/mine-partial"));
    }

    [Theory]
    [InlineData("import")]
    [InlineData("install")]
    [InlineData("vacuum")]
    public void Halves_of_imports_that_were_killed_go_and_those_at_work_stay(string verb)
    {
        using var server = ImageServer.Start(_machine.Published);
        var other = new TestImage([1, 2, 3]).Publish(_machine.Published);
        LeaveHalves();
        using (Lock($"img.{AtWork}.import.lock"))
        {
            string[] words = verb switch
            {
                "import" => ["import", "-S", server.Url, $"{other.Uuid}"],
                "install" => ["install", "-m", Path.Combine(_machine.Published, $"{other.Uuid}.json"), "-f", Path.Combine(_machine.Published, $"{other.Uuid}.zfs.gz")],
                _ => ["vacuum"],
            };
            if (verb == "vacuum")
            {
                Assert.Contains($"Would delete zones/{Gone}-partial", _machine.Succeed("vacuum", "-n").Out, StringComparison.Ordinal);
                Assert.True(_machine.Datasets.Exists(Half(Gone)));
            }
            _machine.Succeed(words);
        }
        Assert.False(_machine.Datasets.Exists(Half(Gone)));
        Assert.True(_machine.Datasets.Exists(Half(AtWork)));
        Assert.True(_machine.Datasets.Exists(DatasetName.Parse("zones/mine-partial")));
        Assert.Equal([$"{AtWork}-partial"], Directory.GetFileSystemEntries(_machine.Paths.Unpacking).Select(Path.GetFileName));
    }

    [Fact]
    public void A_half_that_cannot_go_is_told_of_and_stops_nobody()
    {
        LeaveHalves();
        _machine.Datasets.OnOperation = (o, n) => _ = o == "destroy" && n == Half(Gone).Value ? throw DatasetException.Failed(n, "destroy", new IOException("busy")) : 0;
        Assert.Contains($"{Half(Gone)}, which an import that was cut has left, stays", _machine.Succeed("vacuum").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Vacuum_removes_downloads_that_nobody_went_on_with_for_a_week()
    {
        string sum = new('a', 64), busySum = new('b', 64), folder = _machine.Paths.Downloads;
        string[] old = [$"{Gone}.file", $"{AtWork}.file", $"sha256-{sum}.blob", $"sha256-{busySum}.blob", "archive-17.tar", "mine"];
        Directory.CreateDirectory(folder);
        foreach (string name in (string[])[.. old, $"{Uuid.New()}.file"])
        {
            File.WriteAllText(Path.Combine(folder, name), "x");
        }
        Directory.CreateDirectory(Path.Combine(folder, sum));
        File.WriteAllText(Path.Combine(folder, sum, "root.tar"), "x");
        var lately = DateTime.UtcNow - Leftovers.DownloadsAreKept;
        foreach (string name in old)
        {
            File.SetLastWriteTimeUtc(Path.Combine(folder, name), lately.AddMinutes(-1));
        }
        File.SetLastWriteTimeUtc(Path.Combine(folder, sum, "root.tar"), lately.AddMinutes(-1));
        Directory.SetLastWriteTimeUtc(Path.Combine(folder, sum), lately.AddMinutes(-1));
        using (Lock($"img.{AtWork}.import.lock"))
        using (Lock($"img.blob.{busySum}.lock"))
        {
            Assert.Contains($"Deleted {folder}/{Gone}.file", _machine.Succeed("vacuum").Out, StringComparison.Ordinal);
        }
        var left = Directory.GetFileSystemEntries(folder).Select(e => Path.GetFileName(e)).ToList();
        Assert.Equal(4, left.Count);
        Assert.Contains($"{AtWork}.file", left);
        Assert.Contains($"sha256-{busySum}.blob", left);
        Assert.Contains("mine", left);
    }

    [Fact]
    public void An_import_that_is_interrupted_leaves_what_was_downloaded_and_nothing_else()
    {
        using var server = ImageServer.Start(_machine.Published);
        var image = new TestImage(TestImage.Noise(700_000)).Publish(_machine.Published);
        using var stop = new CancellationTokenSource();
        using var client = new ImgapiClient(ImageSource.Parse(server.Url), new FetchOptions { Stop = stop.Token });
        var report = new ImportReport { Stop = stop.Token, Stage = _ => Cancelled(stop) };
        Assert.ThrowsAny<OperationCanceledException>(() => new ImageImporter(_machine.Store, [client], report).Import(image.Uuid, "zones"));
        _machine.AssertEmpty();
        Assert.Equal([$"{image.Uuid}.file"], Directory.GetFileSystemEntries(_machine.Paths.Downloads).Select(Path.GetFileName));
        _machine.Succeed("import", "-S", server.Url, $"{image.Uuid}");
        Assert.Empty(Directory.GetFileSystemEntries(_machine.Paths.Downloads));
    }

    [Fact]
    public void Waiting_for_a_silent_server_or_a_lock_ends_at_once_when_it_is_interrupted()
    {
        using var silent = new ScriptedHttpServer(_ => null);
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        using var http = new HttpFetcher(new FetchOptions { Stop = stop.Token });
        Assert.ThrowsAny<OperationCanceledException>(() => http.GetBytes(silent.Url + "/x", 100));
        using var held = Lock($"img.{AtWork}.import.lock");
        using var later = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        Assert.ThrowsAny<OperationCanceledException>(() => ImageInstaller.Lock(_machine.Store, AtWork, new ImportReport { Stop = later.Token }));
    }

    [Fact]
    public void An_archive_that_is_decompressed_has_no_name_to_be_left_under()
    {
        byte[] tar = new TarBuilder().File("index.json", "{}").End();
        string file = _machine["layout.tar.gz"];
        using (var gzip = new System.IO.Compression.GZipStream(File.Create(file), System.IO.Compression.CompressionLevel.Fastest))
        {
            gzip.Write(tar);
        }
        using var archive = new LayoutArchive(file, null, _machine.Paths, _ => { });
        Assert.Contains("index.json", Assert.Throws<LumosException>(archive.ReadRoot).Message, StringComparison.Ordinal); // it is read: there is no image in it
        Assert.Empty(Directory.GetFileSystemEntries(_machine.Paths.Downloads));
    }

    private static int Cancelled(CancellationTokenSource stop)
    {
        stop.Cancel();
        return 0;
    }
}
