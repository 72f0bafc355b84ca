using Lumos.Images.Archives;
using Lumos.Images.Tests.Applets;
using Xunit;

namespace Lumos.Images.Tests.Archives;

/// <summary>Archives that are small on the disk and would not be in memory.</summary>
[Trait("level", "host")]
public sealed class MemoryBombTests : IDisposable
{
    private readonly UnpackFolder _to = new();

    public void Dispose() => _to.Dispose();

    private static TarBuilder Tar() => new();

    [Fact]
    public void An_attribute_that_is_too_long_is_refused_where_its_directory_is_read()
    {
        // What comes after is worse, and is not come to.
        var tar = Tar().Pax(("SCHILY.xattr.user.x", new string('x', (1 << 16) + 1))).Directory("long").File("../worse");
        _to.Refused(tar.End(), "\"long\"", "longer than 65536 bytes");
        string acl = "user::rwx,group::r-x,mask::rwx,other::---," + string.Join(',', Enumerable.Range(1, 9000).Select(i => $"user:{i}:r--"));
        _to.Refused(Tar().Pax(("SCHILY.acl.default", acl)).Directory("listed").File("../worse").End(), "\"listed\"", "access list that is longer");
    }

    [Fact]
    public void Attributes_of_directories_are_kept_up_to_a_limit()
    {
        var tar = Tar();
        for (int i = 0; i < 20; i++)
        {
            tar.Pax(("SCHILY.xattr.user.x", new string('x', 1000)), ("comment", new string('c', 100_000))).Directory($"d{i}/");
        }
        byte[] archive = tar.End();
        _to.Refused(archive, "\"d8/\"", "take more than 10000 bytes", limits: new ArchiveLimits { MostKeptBytes = 10_000 });
        _to.Unpack(archive, limits: new ArchiveLimits { MostKeptBytes = 30_000 }); // what else their headers say is not kept
    }

    [Fact]
    public void Global_headers_are_limited_together()
    {
        var tar = Tar();
        for (int i = 0; i < 20; i++)
        {
            tar.Pax('g', ($"comment{i}", new byte[500]));
        }
        _to.Refused(tar.File("x").End(), "PaxHeader", "all of them say more than 4000 bytes", limits: new ArchiveLimits { MostHeaderBytes = 4000 });
    }

    [Fact]
    public void What_is_left_out_is_told_of_in_bounds()
    {
        var tar = Tar();
        for (int i = 0; i < 500; i++)
        {
            tar.Pax(($"SCHILY.xattr.other{i}.x", "x")).File($"f{i}");
        }
        var facts = _to.Unpack(tar.End());
        Assert.Equal(201, facts.NotCarried.Count);
        Assert.Contains(facts.NotCarried, n => n.StartsWith("things of further kinds: 300 of them", StringComparison.Ordinal));
    }

    [Fact]
    public void An_xz_file_that_asks_for_a_gigabyte_is_refused_with_its_name()
    {
        using var machine = new Machine();
        string file = machine["bomb.tar.xz"];
        // "hi", by xz --lzma2=dict=1GiB: the header alone asks for it.
        File.WriteAllBytes(file, Convert.FromBase64String("/Td6WFoAAATm1rRGAgAhASQAAABeH8f5AQABaGkAAAD+qTgRvMqlSAABGgLcLqV+H7bzfQEAAAAABFla"));
        var refused = machine.Imgadm("install", "-f", file);
        Assert.Equal(1, refused.Status);
        Assert.Contains($"cannot decompress {file}", refused.Error, StringComparison.Ordinal);
        Assert.Contains("Memory usage limit reached", refused.Error, StringComparison.Ordinal);
    }
}
