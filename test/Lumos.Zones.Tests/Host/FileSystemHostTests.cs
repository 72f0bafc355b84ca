using Lumos.Core;
using Xunit;

namespace Lumos.Zones.Tests.Host;

/// <summary>File systems of a zone's configuration. Needs what <see cref="ZoneRuntimeHostTests"/> needs.</summary>
[Trait("level", "host")]
public sealed class FileSystemHostTests : IDisposable
{
    private readonly HostZone _zone = new(new NoLinks());

    private readonly string _outside = Directory.CreateTempSubdirectory("lumos-fs-").FullName;

    public FileSystemHostTests()
    {
        File.SetUnixFileMode(_outside, (UnixFileMode)0b111_101_101);
        File.WriteAllText(Path.Combine(_outside, "file"), "from outside\n");
    }

    public void Dispose()
    {
        _zone.Dispose();
        Directory.Delete(_outside, recursive: true);
    }

    [Fact]
    public void Directories_files_and_memory_are_mounted_with_their_options()
    {
        _zone.Runtime.Boot(_zone.Spec with
        {
            Mounts =
            [
                new ZoneMount(_outside, "/data/rw", "lofs", []),
                new ZoneMount(_outside, "/data/ro", "lofs", ["ro", "noexec"]),
                new ZoneMount(Path.Combine(_outside, "file"), "/etc/one", "lofs", ["ro"]),
                new ZoneMount("swap", "/scratch", "tmpfs", ["size=4m", "nosetuid"]),
            ],
        });
        Assert.Equal("from outside", _zone.Output("cat /data/rw/file"));
        Assert.Equal("from outside", _zone.Output("cat /etc/one"));
        Assert.Equal("0 0", _zone.Output("stat -c '%u %g' /data/rw/file"));
        Assert.Equal("", _zone.Output("touch /data/rw/made"));
        Assert.Equal(0u, Lumos.Linux.Files.FileStatus.Of(Path.Combine(_outside, "made")).User);
        Assert.Contains("Read-only file system", _zone.Output("touch /data/ro/x"), StringComparison.Ordinal);
        Assert.Contains("No space left", _zone.Output("dd if=/dev/zero of=/scratch/big bs=1M count=5"), StringComparison.Ordinal);
        string mounts = _zone.Output("cat /proc/mounts");
        Assert.Matches(@" /data/ro \S+ ro,(\S*,)?nodev,noexec", mounts);
        Assert.Matches(@" /data/rw \S+ rw,nodev", mounts);
        Assert.Matches(@" /scratch tmpfs rw,nosuid,nodev\S*size=4096k", mounts);
        _zone.Runtime.Halt(_zone.Name);
        Assert.Empty(_zone.Leaks());
        Assert.True(File.Exists(Path.Combine(_outside, "made")));
    }

    [Fact]
    public void A_target_is_resolved_in_the_zone_wherever_its_links_point()
    {
        string elsewhere = Path.Combine(_outside, "elsewhere");
        Directory.CreateDirectory(elsewhere);
        Directory.CreateDirectory(_zone.Spec.RootPath + elsewhere);
        File.CreateSymbolicLink(Path.Combine(_zone.Spec.RootPath, "mnt"), elsewhere);
        _zone.Runtime.Boot(_zone.Spec with { TmpfsBytes = 0, Mounts = [new ZoneMount(_outside, "/mnt/deep", "lofs", [])] });
        Assert.Empty(Directory.GetFileSystemEntries(elsewhere));
        Assert.Equal("from outside", _zone.Output("cat /mnt/deep/file"));
    }

    [Fact]
    public void A_source_that_goes_through_a_link_is_refused()
    {
        string link = Path.Combine(_outside, "link");
        File.CreateSymbolicLink(link, "/etc");
        var error = Assert.Throws<LumosException>(() => _zone.Runtime.Boot(_zone.Spec with { Mounts = [new ZoneMount(link, "/data", "lofs", [])] }));
        Assert.Contains("its path goes through a symbolic link", LumosException.Describe(error), StringComparison.Ordinal);
        Assert.Empty(_zone.Leaks());
    }

    [Fact]
    public void Tmp_changes_its_size_while_the_zone_runs()
    {
        var spec = _zone.Spec with { TmpfsBytes = 2L << 20 };
        _zone.Runtime.Boot(spec);
        const string write = "dd if=/dev/zero of=/tmp/x bs=1M count=3 2>/dev/null && echo fits; rm -f /tmp/x";
        Assert.NotEqual("fits", _zone.Output(write));
        _zone.Runtime.ApplyTmpfs(spec with { TmpfsBytes = 8L << 20 });
        Assert.Equal("fits", _zone.Output(write));
        Assert.Empty(_zone.Warnings);
    }

    [Fact]
    public void Fuse_has_its_device_where_it_is_allowed()
    {
        Assert.SkipUnless(File.Exists("/dev/fuse"), "this kernel has no FUSE");
        Assert.SkipUnless(File.GetUnixFileMode("/dev/fuse").HasFlag(UnixFileMode.OtherWrite), "this machine keeps FUSE to its root");
        _zone.PutProbe();
        _zone.Runtime.Boot(_zone.Spec with { FsAllowed = ["fuse"] });
        Assert.Equal("done", _zone.Output("/probe open /dev/fuse"));
    }
}
