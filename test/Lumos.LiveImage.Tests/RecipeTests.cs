using Lumos.Core;
using Lumos.LiveImage.Recipe;
using Xunit;

namespace Lumos.LiveImage.Tests;

public class PackageListTests
{
    [Fact]
    public void Suites_and_least_versions_are_read()
    {
        var list = PackageList.Parse("# head\nudev\nforky: crun >= 1.28  # why\n\nkmod\n", "x");
        Assert.Equal(["udev", "kmod"], list.Own);
        var foreign = Assert.Single(list.Foreign);
        Assert.Equal("forky", foreign.Key);
        Assert.Equal(new WantedPackage("crun", "forky", "1.28"), Assert.Single(foreign));
    }

    [Theory]
    [InlineData("two words")]
    [InlineData(": crun")]
    [InlineData("crun >=")]
    public void A_bad_line_is_named_with_its_number(string line)
    {
        var error = Assert.Throws<LumosException>(() => PackageList.Parse("udev\n" + line, "packages.list"));
        Assert.Contains("packages.list, line 2", error.Message);
    }
}

public class PackageRecordTests
{
    private static readonly PackageRecord Recorded = PackageRecord.Parse("a 1 aa\nb 1 bb\nc 1 cc\ne 1 ee\n", "lock");

    [Fact]
    public void Every_kind_of_drift_is_told()
    {
        var now = PackageRecord.Parse("a 1 aa\nb 2 bb\nd 1 dd\ne 1 e0\n", "now");
        Assert.Equal(
            [
                "b: 1 is recorded, the archive has 2",
                "c: 1 is recorded, but is not needed any more",
                "d: 1 is new, the record lacks it",
                "e: 1 has another SHA-256 than the recorded one",
            ],
            Recorded.DriftOf(now));
        Assert.Empty(Recorded.DriftOf(Recorded));
    }

    [Fact]
    public void A_record_survives_its_text() =>
        Assert.Equal(Recorded.Packages, PackageRecord.Parse(Recorded.ToText(), "again").Packages);

    [Fact]
    public void Hashes_come_from_the_stanza_of_the_installed_version()
    {
        string shown = "Package: a\nVersion: 2\nDescription: x\n SHA256: no\nSHA256: new\n\nPackage: a\nVersion: 1\nSHA256: old\n";
        Assert.Equal([new ResolvedPackage("a", "1", "old")], PackageRecord.FromAptCache(shown, ["a=1"]).Packages);
        Assert.Throws<LumosException>(() => PackageRecord.FromAptCache(shown, ["a=3"]));
    }
}

public class PathPatternTests
{
    [Theory]
    [InlineData("usr/bin/apt*", "usr/bin/apt-get", true)]
    [InlineData("usr/bin/apt*", "usr/bin/apt/x", false)]
    [InlineData("usr/share/doc/**/*.gz", "usr/share/doc/a/b/c.gz", true)]
    [InlineData("usr/share/man/[a-z][a-z]", "usr/share/man/de", true)]
    [InlineData("usr/share/man/[a-z][a-z]", "usr/share/man/man1", false)]
    [InlineData("boot/**", "boot", false)]
    [InlineData("etc/rc*.d", "etc/rcS.d", true)]
    public void Matches(string pattern, string path, bool expected) => Assert.Equal(expected, new PathPattern(pattern).Matches(path));
}

public class KernelModulesTests
{
    private const string Dep = """
        kernel/fs/squashfs/squashfs.ko.xz:
        kernel/fs/overlayfs/overlay.ko.xz: kernel/lib/base.ko.xz
        kernel/lib/base.ko.xz: kernel/lib/deep.ko.xz
        kernel/lib/deep.ko.xz:
        kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz kernel/fs/mbcache.ko.xz
        kernel/fs/jbd2/jbd2.ko.xz:
        kernel/fs/mbcache.ko.xz:
        """;

    private readonly KernelModules _modules = new(Dep, "kernel/drivers/block/loop.ko\n");

    [Fact]
    public void What_a_module_needs_comes_along()
    {
        Assert.Equal(["kernel/fs/ext4/ext4", "kernel/fs/jbd2/jbd2", "kernel/fs/mbcache"], _modules.Closure(["fs/ext4/**", "fs/nothing/**"]).Order());
        Assert.Equal(["kernel/fs/nothing/**"], _modules.Unmatched);
    }

    [Fact]
    public void What_is_taken_out_stays_when_another_needs_it()
    {
        Assert.Equal(["kernel/fs/squashfs/squashfs"], _modules.Closure(["fs/squashfs/*", "fs/ext4/**", "!fs/ext4/**"]));
        Assert.Contains("kernel/fs/mbcache", _modules.Closure(["fs/ext4/**", "!fs/mbcache"]));
    }

    [Fact]
    public void Loading_starts_with_what_is_needed_and_skips_what_is_built_in() =>
        Assert.Equal(
            ["kernel/fs/squashfs/squashfs", "kernel/lib/base", "kernel/fs/overlayfs/overlay"],
            _modules.LoadOrder(["loop", "squashfs", "overlay"]));

    [Fact]
    public void A_module_that_is_nowhere_is_an_error() => Assert.Throws<LumosException>(() => _modules.LoadOrder(["loop", "zfs"]));
}
