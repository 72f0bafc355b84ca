using System.Globalization;
using System.IO.Compression;
using System.Text;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.ZfsStream;
using Lumos.Drivers.Tools;
using Lumos.Linux.Files;
using Xunit;
using Node = Lumos.Drivers.Tests.Datasets.ZfsTreeBuilder.Node;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>All that a file system can hold, in streams made by hand.</summary>
[Trait("level", "host")]
public sealed class ZfsStreamTreeTests : IDisposable
{
    private readonly string _target = Directory.CreateTempSubdirectory("lumos-zstream-").FullName;
    private readonly ZfsTreeBuilder _tree = new();

    public void Dispose()
    {
        using (var target = HeldDirectory.Open(_target))
        {
            target.RemoveContent(); // names that are no text are beyond Directory.Delete
        }
        Directory.Delete(_target);
    }

    [Fact]
    public void Every_kind_of_file_comes_with_owner_mode_and_times()
    {
        _tree.RootEntries.AddRange([("file", 10), ("dir", 11), ("link", 12), ("long", 13), ("fifo", 14), ("socket", 15), ("char", 16), ("block", 17), ("illumos", 18), ("empty", 19)]);
        string text = string.Concat(Enumerable.Repeat("abcdefg/", 200));
        _tree.File(10, new Node(0x8000 | 0xdc9 /* 6711 */) { Size = 5, User = 1000, Group = 1001 }, (0, ZfsTreeBuilder.Block("hello"u8.ToArray())));
        _tree.Directory(11, new Node(0x4000 | 0x3ff) { User = 7, Group = 8, Modified = -5 });
        _tree.File(12, new Node(0xa1ff) { Size = 6, LinkText = "target"u8.ToArray(), User = 3, Group = 4 });
        _tree.File(13, new Node(0xa1ff) { Size = (ulong)text.Length }, (0, ZfsTreeBuilder.Block(Encoding.ASCII.GetBytes(text))));
        _tree.File(14, new Node(0x1000 | 0x1a4));
        _tree.File(15, new Node(0xc000 | 0x1c0));
        _tree.File(16, new Node(0x2000 | 0x1b6) { Device = (1 << 20) | 3 });
        _tree.File(17, new Node(0x6000 | 0x1b0) { Device = (259 << 20) | 70000 });
        _tree.File(18, new Node(0x2000 | 0x1b6) { Device = (13UL << 32) | 2 });
        _tree.File(19, new Node(0x8000 | 0x124));

        var facts = Unpack();

        Assert.Equal("1600000001", Tool.Run("stat", "-c", "%X", Path.Combine(_target, "file")).OrThrow().Output.Trim());
        Assert.Equal((9, 2, 5), (facts.Files, facts.Directories, facts.Bytes));
        Assert.Equal(
        [
            "/block block 660 0:0 1600000000 259:70000",
            "/char char 666 0:0 1600000000 1:3",
            "/dir directory 1777 7:8 -5",
            "/empty file 444 0:0 1600000000 0 e3b0c44298fc1c14",
            "/fifo fifo 644 0:0 1600000000",
            "/file file 6711 1000:1001 1600000000 5 2cf24dba5fb0a30e",
            "/illumos char 666 0:0 1600000000 13:2",
            "/link link - 3:4 1600000000 target",
            $"/long link - 0:0 1600000000 {text}",
            "/socket socket 700 0:0 1600000000",
        ], ZfsStreamListing.OfTree(_target));
        Assert.Equal("1600000000.123456789", Tool.Run("stat", "-c", "%.9Y", Path.Combine(_target, "fifo")).OrThrow().Output.Trim());
        Assert.Equal(0x1ed, FileStatus.Of(_target).Mode);
        Assert.Equal(1_600_000_000, FileStatus.Of(_target).Modified.ToUnixTimeSeconds());
    }

    [Fact]
    public void Names_of_one_file_stay_one_file()
    {
        _tree.RootEntries.AddRange([("a", 10), ("dir", 11), ("l1", 12), ("l2", 12)]);
        _tree.File(10, new Node(0x81a4) { Size = 1, Links = 3 }, (0, ZfsTreeBuilder.Block("x"u8.ToArray())));
        _tree.Directory(11, new Node(0x41ed), ("b", 10), ("c", 10));
        _tree.File(12, new Node(0xa1ff) { Size = 1, Links = 2, LinkText = "a"u8.ToArray() });
        var facts = Unpack();
        Assert.Equal(["/a /dir/b /dir/c", "/l1 /l2"], ZfsStreamListing.HardLinks(_target));
        Assert.Equal(2, facts.Files);
        Assert.Equal("3", Tool.Run("stat", "-c", "%h", Path.Combine(_target, "a")).OrThrow().Output.Trim());
    }

    [Fact]
    public void Directories_of_many_entries_and_names_that_are_no_text_come_whole()
    {
        var many = Enumerable.Range(0, 3000).Select(i => (string.Create(CultureInfo.InvariantCulture, $"{new string('n', i % 200)}{i}"), 100UL + (ulong)i)).ToArray();
        _tree.RootEntries.AddRange([("many", 10), ("caf\xe9", 11)]); // one byte, no UTF-8
        _tree.FatDirectory(10, new Node(0x41ed), ZfsTreeBuilder.FatEntries(many));
        _tree.File(11, "");
        foreach (var (name, number) in many)
        {
            _tree.File(number, name);
        }
        Unpack();
        Assert.Equal(many.Select(m => m.Item1).Order(StringComparer.Ordinal),
            Directory.GetFiles(Path.Combine(_target, "many")).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal));
        Assert.All(Directory.GetFiles(Path.Combine(_target, "many")), p => Assert.Equal(Path.GetFileName(p), File.ReadAllText(p)));
        using var root = HeldDirectory.Open(_target);
        Assert.Contains(root.Names(), n => n.AsSpan().SequenceEqual((byte[])[.. "caf"u8, 0xe9]));
    }

    [Fact]
    public void Holes_stay_holes()
    {
        _tree.RootEntries.AddRange([("sparse", 10), ("freed", 11)]);
        const ulong length = 1UL << 40;
        byte[] block = [.. Enumerable.Repeat((byte)'x', 512)];
        _tree.File(10, new Node(0x81a4) { Size = length }, (1 << 20, block), (length - 512, block));
        _tree.File(11, new Node(0x81a4) { Size = 16384 }, (0, [.. Enumerable.Repeat((byte)'y', 16384)]));
        _tree.Prepare();
        _tree.Stream.Free(11, 4096, 8192);
        Unpack(_tree.Stream.ToArray());
        string path = Path.Combine(_target, "sparse");
        Assert.Equal((long)length, new FileInfo(path).Length);
        Assert.InRange(long.Parse(Tool.Run("stat", "-c", "%b", path).OrThrow().Output), 1, 64);
        using var file = File.OpenRead(path);
        byte[] got = new byte[1024];
        file.Position = (1 << 20) - 512;
        file.ReadExactly(got);
        Assert.Equal([.. new byte[512], .. block], got);
        file.Position = (long)length - 512;
        Assert.Equal(512, file.Read(got));
        Assert.Equal([.. Enumerable.Repeat((byte)'y', 4096), .. new byte[8192], .. Enumerable.Repeat((byte)'y', 4096)], File.ReadAllBytes(Path.Combine(_target, "freed")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Extended_attributes_come_from_the_bonus_and_the_spill_block(bool spill)
    {
        byte[] capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        byte[] acl = [2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 5, 0, 232, 3, 0, 0, 4, 0, 5, 0, 255, 255, 255, 255, 16, 0, 5, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255];
        _tree.RootEntries.AddRange([("ping", 10), ("dir", 11), ("link", 12)]);
        _tree.File(10, new Node(0x8000 | 0x9e8 /* 4750 */)
        {
            User = 9,
            Spill = spill,
            Attributes = [("security.capability", capability), ("user.one", "1"u8.ToArray()), ("plain", []), ("system.posix_acl_access", acl), ("system.other", [1])],
        });
        _tree.Directory(11, new Node(0x41ed) { Spill = spill, Attributes = [("system.posix_acl_default", acl)] });
        _tree.File(12, new Node(0xa1ff) { Size = 4, LinkText = "ping"u8.ToArray(), Spill = spill, Attributes = [("trusted.t", "2"u8.ToArray())] });
        var facts = Unpack();
        Assert.Equal(["attributes system.other: /ping"], facts.NotCarried);
        string ping = Path.Combine(_target, "ping");
        Assert.Equal(capability, Attribute(ping, "security.capability"));
        Assert.Equal("1"u8.ToArray(), Attribute(ping, "user.one"));
        Assert.Equal("", Convert.ToHexString(Attribute(ping, "user.plain")!));
        Assert.Equal(acl, Attribute(ping, "system.posix_acl_access"));
        Assert.Equal(acl, Attribute(Path.Combine(_target, "dir"), "system.posix_acl_default"));
        Assert.Equal("2"u8.ToArray(), Attribute(Path.Combine(_target, "link"), "trusted.t"));
        Assert.Null(Attribute(ping, "trusted.t"));
        Assert.Equal(0x9e8, FileStatus.Of(ping).Mode);
    }

    [Fact]
    public void Extended_attributes_come_from_directories_of_their_own()
    {
        _tree.RootEntries.AddRange([("file", 10), ("dir", 20)]);
        _tree.File(10, new Node(0x81a4) { AttributeDirectory = 11 });
        _tree.Directory(11, new Node(0x41ed), ("user.big", 12), ("small", 13), ("SUNWattr_ro", 14), ("user.huge", 15));
        byte[] big = [.. Enumerable.Range(0, 900).Select(i => (byte)i)];
        _tree.File(12, new Node(0x81a4) { Size = 900 }, (0, ZfsTreeBuilder.Block(big)));
        _tree.File(13, "s");
        _tree.File(14, "system attributes");
        _tree.File(15, new Node(0x81a4) { Size = 1 << 20 });
        _tree.Directory(20, new Node(0x41ed) { AttributeDirectory = 21 });
        _tree.Directory(21, new Node(0x41ed), ("user.big", 12), ("small", 13), ("SUNWattr_ro", 14), ("user.huge", 15));
        var facts = Unpack();
        foreach (string path in new[] { "file", "dir" }.Select(n => Path.Combine(_target, n)))
        {
            Assert.Equal(big, Attribute(path, "user.big"));
            Assert.Equal("s"u8.ToArray(), Attribute(path, "user.small"));
        }
        Assert.Equal(["extended attributes longer than 64 KiB: 2 of them, the first /file", "system attributes of illumos: 2 of them, the first /file"], facts.NotCarried);
        Assert.Equal(2, Directory.GetFileSystemEntries(_target).Length);
    }

    [Fact]
    public void What_has_no_place_on_Linux_is_named()
    {
        _tree.Master["casesensitivity"] = 1;
        _tree.RootEntries.AddRange([("acl", 10), ("flags", 11), ("domain", 12), ("all-ones", 13), ("door", 14), ("project", 15)]);
        _tree.File(10, new Node(0x81a4) { Flags = 0 });
        _tree.File(11, new Node(0x81a4) { Flags = 4 | (0x11UL << 32) });
        _tree.File(12, new Node(0x81a4) { User = (1UL << 32) | 5 });
        _tree.File(13, new Node(0x81a4) { Group = uint.MaxValue });
        _tree.File(14, new Node(0xd1a4));
        _tree.File(15, new Node(0x81a4) { ProjectId = 9 });
        var facts = Unpack();
        Assert.Equal(
        [
            "NFSv4 access control lists: /acl",
            "doors, ports and other kinds of files that Linux does not have: /door",
            "file flags (read-only, hidden, system, immutable, append-only and their like): /flags",
            "finding files without regard to case",
            "owners that are no numbers here (given to 65534 instead): 2 of them, the first /domain",
            "project ids: /project",
        ], facts.NotCarried);
        Assert.Equal((65534u, 0u), (FileStatus.Of(Path.Combine(_target, "domain")).User, FileStatus.Of(Path.Combine(_target, "domain")).Group));
        Assert.Equal(65534u, FileStatus.Of(Path.Combine(_target, "all-ones")).Group);
    }

    [Fact]
    public void A_file_system_before_system_attributes_unpacks()
    {
        _tree.Master.Remove("SA_ATTRS");
        byte[] Old(uint mode, ulong size, string link = "")
        {
            byte[] bonus = new byte[264 + link.Length];
            foreach (var (at, value) in new (int, ulong)[] { (16, 1_500_000_000), (72, mode), (80, size), (96, 1), (120, 4), (128, 5), (136, 6) })
            {
                ZfsTreeBuilder.U64(value).CopyTo(bonus, at);
            }
            Encoding.ASCII.GetBytes(link).CopyTo(bonus, 264);
            return bonus;
        }
        byte[] table = ZfsTreeBuilder.Micro([("f"u8.ToArray(), 10), ("l"u8.ToArray(), 11)]);
        _tree.Raw(ZfsTreeBuilder.Root, 20, 17, table.Length, Old(0x41c0, 0), (0, table));
        _tree.Raw(10, 19, 17, 512, Old(0x8180, 2), (0, ZfsTreeBuilder.Block("hi"u8.ToArray())));
        _tree.Raw(11, 19, 17, 512, Old(0xa1ff, 3, "a/b"));
        Unpack();
        Assert.Equal(["/f file 600 5:6 1500000000 2 8f434346648f6b96", "/l link - 5:6 1500000000 a/b"], ZfsStreamListing.OfTree(_target));
    }

    [Fact]
    public void Compressed_and_embedded_blocks_come_as_they_were()
    {
        byte[] text = [.. Enumerable.Range(0, 4096).Select(i => (byte)(i / 64))];
        using var zlib = new MemoryStream();
        using (var deflate = new ZLibStream(zlib, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(text);
        }
        _tree.RootEntries.AddRange([("gzip", 10), ("embedded", 11), ("embedded-plain", 12)]);
        _tree.File(10, new Node(0x81a4) { Size = 8000 });
        _tree.File(11, new Node(0x81a4) { Size = 600 });
        _tree.File(12, new Node(0x81a4) { Size = 3 });
        _tree.Prepare();
        _tree.Stream.WriteCompressed(10, 0, 5, 4096, zlib.ToArray());
        _tree.Stream.WriteCompressed(10, 4096, 5, 4096, zlib.ToArray());
        _tree.Stream.WriteEmbedded(11, 1024, 14, 512, [2, .. "abc"u8, 255, 255, 64 + 124]); // 3 + 192 + 192 + 125 bytes
        _tree.Stream.WriteEmbedded(12, 512, 2, 3, "abc"u8.ToArray());
        Unpack(_tree.Stream.ToArray());
        Assert.Equal([.. text, .. text[..3904]], File.ReadAllBytes(Path.Combine(_target, "gzip")));
        Assert.Equal([.. "abc"u8, .. new byte[597]], File.ReadAllBytes(Path.Combine(_target, "embedded")));
        Assert.Equal("abc", File.ReadAllText(Path.Combine(_target, "embedded-plain")));

        var unknown = new ZfsTreeBuilder();
        unknown.File(10, "");
        unknown.Prepare();
        unknown.Stream.WriteCompressed(10, 0, 17, 4096, zlib.ToArray());
        var error = Assert.Throws<DatasetException>(() =>
            ZfsStreamUnpacker.Unpack(new MemoryStream(unknown.Stream.ToArray()), Directory.CreateDirectory(Path.Combine(_target, "other")).FullName));
        Assert.Contains("a compression not known here, number 17 (zfs send -c); send it without -c", error.Message);
    }

    [Fact]
    public void Deep_trees_unpack_and_are_taken_away_again()
    {
        const int depth = 900;
        string part = new('d', 40);
        _tree.RootEntries.Add((part, 10));
        for (ulong i = 0; i < depth; i++)
        {
            _tree.Directory(10 + i, new Node(0x41ed), i + 1 < depth ? [(part, 11 + i)] : []);
        }
        Assert.Equal(depth + 1, Unpack().Directories);
        using var root = HeldDirectory.Open(_target);
        root.RemoveContent();
        Assert.Empty(Directory.GetFileSystemEntries(_target));
    }

    private ZfsStreamFacts Unpack(byte[]? stream = null) => ZfsStreamUnpacker.Unpack(new MemoryStream(stream ?? _tree.ToArray()), _target);

    /// <summary>By a program, so that nothing of ours judges itself (lgetxattr is call 192 on x86-64). Null: not there (ENODATA).</summary>
    private static byte[]? Attribute(string path, string name)
    {
        const string script = """$b = "\0" x 65536; $n = syscall(192, $ARGV[0], $ARGV[1], $b, 65536); exit $! if $n < 0; print unpack("H*", substr($b, 0, $n))""";
        var result = Tool.Run("perl", "-e", script, path, name);
        return result.Status == 61 ? null : Convert.FromHexString(result.OrThrow().Output);
    }
}
