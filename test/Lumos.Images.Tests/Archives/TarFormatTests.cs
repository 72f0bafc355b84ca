using System.Text;
using Lumos.Drivers.Tools;
using Lumos.Linux.Files;
using Xunit;

namespace Lumos.Images.Tests.Archives;

/// <summary>Archives as archivers write them, held against the trees that they were made of.</summary>
[Trait("level", "host")]
public sealed class TarFormatTests : IDisposable
{
    private readonly UnpackFolder _to = new();
    private readonly TestFolder _from = new();

    public void Dispose()
    {
        _to.Dispose();
        _from.Dispose();
    }

    [Theory]
    [InlineData("v7")]
    [InlineData("oldgnu")]
    [InlineData("gnu")]
    [InlineData("ustar")]
    [InlineData("posix")]
    public void A_tree_of_GNU_tar(string format)
    {
        MakeTree(longNames: format is not ("v7" or "ustar"));
        if (format == "v7")
        {
            File.Delete(_from["fifo"]); // it has no such kind
        }
        var facts = _to.Unpack(Archive("--format=" + format));
        AssertSame();
        Assert.Equal(Directory.EnumerateFileSystemEntries(_from.Path, "*", SearchOption.AllDirectories).Count() + 1, facts.Entries);
    }

    [Theory]
    [InlineData("oldgnu", "0.0")]
    [InlineData("gnu", "0.0")]
    [InlineData("posix", "0.0")]
    [InlineData("posix", "0.1")]
    [InlineData("posix", "1.0")]
    public void Sparse_files_of_each_kind(string format, string version)
    {
        using (var file = File.Create(_from["sparse"]))
        {
            for (int i = 1; i < 60; i++) // more parts than one header holds
            {
                file.Position = i * 200_000L;
                file.Write(Encoding.ASCII.GetBytes($"part {i}"));
            }
            file.SetLength(50_000_000);
        }
        using (var file = File.Create(_from["hole"]))
        {
            file.SetLength(3_000_000);
        }
        File.WriteAllText(_from["zzz"], "what comes after");
        byte[] archive = Archive("--format=" + format, "--sparse", "--sparse-version=" + version, "--hole-detection=seek");
        Assert.True(archive.Length < 10_000_000, "tar made no sparse entry");
        _to.Unpack(archive);
        AssertSame();
    }

    [Fact]
    public void Extended_attributes_and_access_lists()
    {
        byte[] capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]; // cap_net_raw+ep
        byte[] acl = [2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 5, 0, 232, 3, 0, 0, 4, 0, 5, 0, 255, 255, 255, 255, 16, 0, 5, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255];
        _to.Unpack(new TarBuilder()
            .Pax('x', ("SCHILY.xattr.security.capability", capability), ("SCHILY.xattr.user.note", [0, 255, 10, 61])).File("ping", "x")
            .Pax('x', ("SCHILY.xattr.system.posix_acl_access", acl)).File("listed", "x", mode: 0x1e8)
            .Pax(("SCHILY.acl.access", "user::rwx,user:lisa:r-x:1000,group::r-x,mask::r-x,other::---"), ("SCHILY.acl.default", "user::rwx,group::r-x,other::---"))
            .Directory("texts").File("texts/inside", mode: 0x1b6).End());
        Assert.Equal(capability, ExtendedAttribute.Read(_to["ping"], "security.capability"));
        Assert.Equal([0, 255, 10, 61], ExtendedAttribute.Read(_to["ping"], "user.note"));
        Assert.Equal(acl, ExtendedAttribute.Read(_to["listed"], "system.posix_acl_access"));
        Assert.Equal(acl, ExtendedAttribute.Read(_to["texts"], "system.posix_acl_access"));
        // The default came when the file was there already, as in the tree that the archive was made of.
        Assert.Equal(0x1b6, FileStatus.Of(_to["texts/inside"]).Mode);
        Assert.Null(ExtendedAttribute.Read(_to["texts/inside"], "system.posix_acl_access"));
    }

    [Fact]
    public void Names_need_not_be_UTF_8()
    {
        _to.Unpack(new TarBuilder().File("caf\u00e9", "latin").End()); // one byte e9 in the header
        Assert.Equal("latin", Tool.Run("sh", "-c", "cat \"$0\"/caf*", _to.Root).Output);
        Assert.Equal("636166e90a", Tool.Run("sh", "-c", "ls -N \"$0\" | od -An -tx1 | tr -d ' \\n'", _to.Root).Output);
        Tool.Run("sh", "-c", "rm \"$0\"/caf*", _to.Root).OrThrow(); // the framework cannot name it
    }

    [Fact]
    public void Times_before_1970_and_fractions_and_large_numbers()
    {
        _to.Unpack(new TarBuilder().Entry("old", '0', time: -1000).Pax(("mtime", "-0.25"), ("atime", "12.5")).File("fraction").Entry("far", '0', time: 1L << 34, user: 3_000_000).End());
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(-1000), FileStatus.Of(_to["old"]).Modified);
        Assert.Equal(DateTimeOffset.UnixEpoch.AddMilliseconds(-250), FileStatus.Of(_to["fraction"]).Modified);
        Assert.Equal(65534u, FileStatus.Of(_to["far"]).User);
    }

    [Fact]
    public void Global_headers_stand_behind_an_entry_s_own()
    {
        _to.Unpack(new TarBuilder().Pax('g', ("comment", "x"u8.ToArray()), ("uid", "7"u8.ToArray())).File("a").Pax(("uid", "8")).File("b").End());
        Assert.Equal((7u, 8u), (FileStatus.Of(_to["a"]).User, FileStatus.Of(_to["b"]).User));
    }

    /// <summary>Archives of a random make, some of them damaged: unpacked or refused, and the machine as it was, the root empty after a refusal.</summary>
    [Fact]
    public void Random_archives_never_leave_their_root()
    {
        int unpacked = 0, refused = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            using var to = new UnpackFolder();
            bool layer = seed % 2 == 1;
            byte[] archive = RandomArchive.Make(new Random(seed), to.Outside);
            try
            {
                to.Unpack(archive, layer, new() { MostBytes = 1 << 22, MostEntries = 1000 }, packed: archive.Length);
                unpacked++;
            }
            catch (Core.LumosException e) when (e.Code is "ArchiveRefused" or "ArchiveDamaged")
            {
                refused++;
                Assert.True(layer || to.Names().Length == 0, $"seed {seed} left something: {e.Message}");
            }
            to.AssertOutside();
        }
        Assert.True(unpacked > 40 && refused > 40, $"{unpacked} unpacked, {refused} refused: the archives are of one kind");
    }

    private void MakeTree(bool longNames)
    {
        string longName = longNames ? string.Concat(Enumerable.Repeat("long-name-", 18)) : "name";
        string deep = _from.Make(longNames ? $"deep/{longName}/{longName}" : "deep/er");
        File.WriteAllText(Path.Combine(deep, "file"), "content");
        File.WriteAllBytes(_from["large"], TestImage.Noise(1_000_001));
        File.WriteAllText(_from["setuid"], "x");
        File.CreateSymbolicLink(_from["link"], longNames ? $"/nowhere/{longName}/{longName}" : "../out");
        Assert.True(Tool.Run("sh", "-c", "cd \"$0\" && ln large hard && mkfifo fifo && mkdir -m 1777 tmp && chown 1000:65535 setuid && chmod 6755 setuid && chown -h 5:6 link"
            + " && touch -h -d 2001-02-03T04:05:06 link deep large", _from.Path).Succeeded);
    }

    private byte[] Archive(params string[] options)
    {
        string archive = Path.Combine(Path.GetTempPath(), $"lumos-tar-{Guid.NewGuid()}.tar");
        try
        {
            Tool.Run(["tar", "--create", "--file", archive, "--directory", _from.Path, "--numeric-owner", .. options, "."], null).OrThrow();
            return File.ReadAllBytes(archive);
        }
        finally
        {
            File.Delete(archive);
        }
    }

    private void AssertSame()
    {
        Assert.Equal(Listing(_from.Path), Listing(_to.Root));
        Tool.Run("diff", "--recursive", "--no-dereference", "--exclude=fifo", _from.Path, _to.Root).OrThrow();
    }

    /// <summary>Kind, mode, owner, links, length, time in seconds, target and blocks of sparse files: all but the content.</summary>
    private static string Listing(string folder) =>
        Tool.Run("sh", "-c", "cd \"$0\" && find . -printf '%y %m %U:%G %n %s %l %p ' -exec stat --format=%Y '{}' ';' | sort; test ! -e sparse || test $(stat --format=%b sparse) -lt 2000", folder).OrThrow().Output;
}
