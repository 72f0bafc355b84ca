using System.Security.Cryptography;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Tests.Applets;
using Lumos.Images.Tests.Archives;
using Lumos.Testing;
using Xunit;

namespace Lumos.Images.Tests.Files;

/// <summary>Whatever an image is made of, it leaves a pool and the folder of downloads what others need.</summary>
public sealed class RoomTests : IDisposable
{
    private static readonly DatasetName Pool = DatasetName.Parse("zones");

    private readonly Machine _machine = new();

    public void Dispose() => _machine.Dispose();

    private void Leave(long bytes) => _machine.Datasets.SetProperties(Pool, new Dictionary<string, string> { ["available"] = $"{bytes}" });

    private string[] Install(TestImage image)
    {
        image.Publish(_machine.Published);
        return ["install", "-m", Path.Combine(_machine.Published, $"{image.Uuid}.json"), "-f", Path.Combine(_machine.Published, $"{image.Uuid}.zfs.gz")];
    }

    [Fact]
    public void A_file_that_cannot_fit_is_refused_before_anything_is_made()
    {
        string[] words = Install(new TestImage(TestImage.Noise(5000), compress: false));
        Leave(4000);
        _machine.Datasets.OnOperation = (o, n) => Assert.Fail($"{o} {n}");
        var refused = _machine.Imgadm(words);
        Assert.Equal(1, refused.Status);
        Assert.Contains("pool zones has", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_that_uses_the_pool_up_is_given_up_and_leaves_nothing()
    {
        string[] words = Install(new TestImage(TestImage.Noise(40 << 20), compress: false));
        Leave(1 << 30);
        _machine.Datasets.OnOperation = (o, _) =>
        {
            if (o == "receive")
            {
                _machine.Datasets.OnOperation = null;
                Leave(100 << 20); // of 1 GiB a fifth is for others
            }
        };
        Assert.Contains("pool zones has no room for image", _machine.Imgadm(words).Error, StringComparison.Ordinal);
        _machine.AssertEmpty();
    }

    [Fact]
    public void A_file_of_a_server_that_cannot_fit_is_not_begun()
    {
        using var server = new ScriptedHttpServer(_ => ScriptedHttpServer.Reply(200, [], 1L << 60));
        Assert.Contains("while it is downloaded", _machine.Imgadm("install", "-f", server.Url + "/r.tar", "--sha256", new string('0', 64)).Error, StringComparison.Ordinal);
        Leave(1000);
        using var small = new ScriptedHttpServer(_ => ScriptedHttpServer.Reply(200, [], 5000));
        Assert.Contains("pool zones has", _machine.Imgadm("install", "-f", small.Url + "/r.tar", "--sha256", new string('0', 64)).Error, StringComparison.Ordinal);
    }
}

/// <summary>The same on a real storage.</summary>
[Trait("level", "host")]
public sealed class FullPoolTests(BtrfsMachine machine) : IClassFixture<BtrfsMachine>
{
    [Theory]
    [InlineData("tar")]
    [InlineData("raw")]
    public void A_file_that_fills_the_pool_leaves_it_as_it_was(string kind)
    {
        machine.Pool.Datasets.SetProperties(DatasetName.Parse("zones"), new Dictionary<string, string> { ["quota"] = "300M" });
        string file = machine[$"large.{kind}.gz"];
        byte[] noise = RandomNumberGenerator.GetBytes(32 << 20);
        using (var gzip = new System.IO.Compression.GZipStream(File.Create(file), System.IO.Compression.CompressionLevel.Fastest))
        {
            if (kind == "raw")
            {
                byte[] head = new byte[1 << 20];
                (head[510], head[511]) = (0x55, 0xaa); // the table of partitions, which makes it a disk
                head[450] = 0x83;
                head[458] = 1;
                gzip.Write(head);
            }
            for (int i = 0; i < 7; i++)
            {
                gzip.Write(kind == "raw" ? noise : new TarBuilder().Entry($"noise{i}", '0', noise).WithoutEnd());
            }
            gzip.Write(kind == "raw" ? [] : new TarBuilder().End());
        }
        string said = machine.Refused("-f", file);
        Assert.Contains("pool zones has no room for image", said, StringComparison.Ordinal);
    }
}
