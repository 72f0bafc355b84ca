using System.IO.Compression;
using Lumos.Drivers.Datasets.ZfsStream;
using Xunit;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>Streams that real ZFS made, held against the archives they were made from. Root: owners and devices.</summary>
[Trait("level", "host")]
public sealed class ZfsStreamImageTests : IDisposable
{
    private readonly string _target = Directory.CreateTempSubdirectory("lumos-zstream-").FullName;

    public void Dispose() => Directory.Delete(_target, recursive: true);

    [Fact]
    public void The_image_lumos_base_unpacks_to_what_it_was_made_from()
    {
        using var stream = Open(Fixture("lumos-base.zfs.gz"));
        var facts = ZfsStreamUnpacker.Unpack(stream, _target);
        Assert.Equal(File.ReadAllLines(Fixture("lumos-base.list")), ZfsStreamListing.OfTree(_target));
        Assert.Equal("pool/image@final", facts.ToName);
        Assert.Equal(0x58b12a781e2e40f8UL, facts.ToGuid);
        Assert.Equal(0UL, facts.FromGuid);
        Assert.Equal(new DateTimeOffset(2026, 11, 20, 12, 46, 5, TimeSpan.Zero), facts.CreationTime);
        Assert.Equal((473, 54), (facts.Files, facts.Directories));
        Assert.Empty(facts.NotCarried);
        Assert.Equal(["root"], Directory.GetFileSystemEntries(_target).Select(Path.GetFileName));
    }

    [Fact]
    public void The_image_debian_13_unpacks_to_what_it_was_made_from()
    {
        string cache = Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/root", ".cache"), "lumos");
        string? image = Newest(cache, "debian-13", "zfs.gz").FirstOrDefault();
        var archives = Newest(cache, "debian-13-root", "root.tar").ToArray();
        Assert.SkipWhen(image is null || archives.Length == 0, "no built image debian-13 on this machine (./lumos build images)");
        using var stream = Open(image!);
        var facts = ZfsStreamUnpacker.Unpack(stream, _target);

        // The cache does not say which of its roots the image is of: the one that differs least, which must not differ at all.
        string[] tree = ZfsStreamListing.OfTree(_target);
        var of = archives.Select(archive => (archive, lines: ZfsStreamListing.OfArchive(archive, "/root"))).MinBy(a => a.lines.Except(tree).Count());
        Assert.Equal(of.lines, tree);
        Assert.Equal(ZfsStreamListing.HardLinksOfArchive(of.archive, "/root"), ZfsStreamListing.HardLinks(_target));
        Assert.Equal(tree.Length, facts.Files + facts.Directories - 1 + ZfsStreamListing.HardLinks(_target).Sum(g => g.Count(c => c == ' ')));
    }

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Datasets", "Fixtures", name);

    private static GZipStream Open(string path) => new(File.OpenRead(path), CompressionMode.Decompress);

    private static IEnumerable<string> Newest(string cache, string stage, string file) =>
        Directory.Exists(Path.Combine(cache, stage))
            ? Directory.GetFiles(Path.Combine(cache, stage), file, SearchOption.AllDirectories).OrderByDescending(File.GetLastWriteTimeUtc)
            : [];
}
