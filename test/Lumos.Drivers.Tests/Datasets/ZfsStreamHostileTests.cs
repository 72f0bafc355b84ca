using System.Buffers.Binary;
using System.Text;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.ZfsStream;
using Xunit;
using Node = Lumos.Drivers.Tests.Datasets.ZfsTreeBuilder.Node;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>File systems that no ZFS makes: each is refused with what it is about, and nothing is left, inside or outside.</summary>
[Trait("level", "host")]
public sealed class ZfsStreamHostileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-zstream-").FullName;
    private readonly string _target;
    private readonly string _outside;
    private readonly ZfsTreeBuilder _tree = new();

    public ZfsStreamHostileTests()
    {
        _target = Directory.CreateDirectory(Path.Combine(_folder, "target")).FullName;
        _outside = Directory.CreateDirectory(Path.Combine(_folder, "outside")).FullName;
        File.WriteAllText(Path.Combine(_outside, "victim"), "whole");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("a/b")]
    [InlineData("/etc/passwd")]
    [InlineData("../outside/victim")]
    public void A_name_that_leads_elsewhere(string name)
    {
        _tree.RootEntries.AddRange([("sub", 11)]);
        _tree.Directory(11, new Node(0x41ed), ("good", 10), (name, 10));
        _tree.File(10, new Node(0x81a4) { Links = 2 });
        Refused($"entry in /sub with the impossible name \"{name}\"");
    }

    [Fact]
    public void A_name_longer_than_Linux_has()
    {
        _tree.FatDirectory(ZfsTreeBuilder.Root, new Node(0x41ed), ZfsTreeBuilder.FatEntries([(new string('x', 256), 10)]));
        _tree.File(10, "");
        Refused($"impossible name \"{new string('x', 256)}\"");
    }

    [Fact]
    public void A_name_in_two_parts()
    {
        byte[][] blocks = ZfsTreeBuilder.FatEntries([("ab\0cd", 10)]);
        _tree.FatDirectory(ZfsTreeBuilder.Root, new Node(0x41ed), blocks);
        _tree.File(10, "");
        Refused("damaged at /: a name does not end where it says");
    }

    [Fact]
    public void A_link_out_of_the_tree_and_a_directory_of_its_name()
    {
        _tree.RootEntries.AddRange([("out", 10), ("out", 11)]);
        _tree.File(10, new Node(0xa1ff) { Size = (ulong)_outside.Length, LinkText = Encoding.UTF8.GetBytes(_outside) });
        _tree.Directory(11, new Node(0x41ed), ("victim", 12));
        _tree.File(12, "overwritten");
        Refused("two entries with the name /out");
    }

    [Fact]
    public void A_file_twice_by_one_name()
    {
        _tree.RootEntries.AddRange([("dir", 9)]);
        _tree.Directory(9, new Node(0x41ed), ("same", 10), ("same", 11));
        _tree.File(10, "one");
        _tree.File(11, "two");
        Refused("two entries with the name /dir/same");
    }

    [Fact]
    public void A_directory_within_itself()
    {
        _tree.RootEntries.Add(("a", 10));
        _tree.Directory(10, new Node(0x41ed), ("b", 11));
        _tree.Directory(11, new Node(0x41ed), ("c", 10));
        Refused("the directory /a/b/c a second time");
    }

    [Fact]
    public void The_root_within_itself()
    {
        _tree.RootEntries.Add(("again", ZfsTreeBuilder.Root));
        Refused("the directory /again a second time");
    }

    [Fact]
    public void A_directory_with_two_names()
    {
        _tree.RootEntries.AddRange([("a", 10), ("b", 10)]);
        _tree.Directory(10, new Node(0x41ed));
        Refused("the directory /b a second time");
    }

    [Fact]
    public void More_names_than_a_file_counts()
    {
        _tree.RootEntries.AddRange([("a", 10), ("b", 10)]);
        _tree.File(10, "x");
        Refused("a further name for a file that counts one: /b");
    }

    [Fact]
    public void An_entry_for_nothing()
    {
        _tree.RootEntries.Add(("ghost", 99));
        Refused("does not hold what /ghost stands for");
    }

    [Fact]
    public void A_table_as_a_file()
    {
        _tree.RootEntries.Add(("master", 1));
        Refused("is damaged at /master: it has no attributes");
    }

    [Fact]
    public void A_file_that_says_it_is_a_directory_and_the_reverse()
    {
        _tree.RootEntries.Add(("dir", 10));
        _tree.File(10, new Node(0x41ed));
        Refused("says that /dir is a directory");
        var other = new ZfsTreeBuilder();
        other.RootEntries.Add(("file", 10));
        other.Directory(10, new Node(0x81a4));
        Refused("says that /file is a file", other.ToArray());
    }

    [Fact]
    public void A_file_of_an_exabyte()
    {
        _tree.RootEntries.Add(("huge", 10));
        _tree.File(10, new Node(0x81a4) { Size = 1UL << 60 });
        Refused("a file of 1152921504606846976 bytes");
    }

    [Theory]
    [InlineData(1UL << 60)]
    [InlineData(ulong.MaxValue - 100)]
    public void Content_at_an_exabyte(ulong offset)
    {
        _tree.RootEntries.Add(("far", 10));
        _tree.File(10, new Node(0x81a4) { Size = 1 }, (offset, [.. Enumerable.Repeat((byte)1, 512)]));
        Refused($"writes to byte {offset} of object 10");
    }

    [Fact]
    public void More_than_the_limits_allow()
    {
        _tree.RootEntries.AddRange([("a", 10), ("b", 11)]);
        _tree.Directory(10, new Node(0x41ed), ("c", 12));
        _tree.Directory(12, new Node(0x41ed), ("d", 13));
        _tree.File(11, new Node(0x81a4) { Size = 2048 }, (0, [.. Enumerable.Repeat((byte)1, 2048)]));
        _tree.File(13, "deep");
        byte[] stream = _tree.ToArray();
        Refused("more than 6 objects", stream, new ZfsStreamLimits { MostObjects = 6 });
        Refused("more than 3 entries; the first too many is /a/c/d", stream, new ZfsStreamLimits { MostEntries = 3 });
        Refused("a directory deeper than 1 levels: /a/c", stream, new ZfsStreamLimits { MostDepth = 1 });
        Refused("more than the 2000 bytes allowed", stream, new ZfsStreamLimits { MostBytes = 2000 });
        Refused("a file of 2048 bytes, and 2047 are allowed: /b", stream, new ZfsStreamLimits { MostFileBytes = 2047 });
        Assert.Equal(2, ZfsStreamUnpacker.Unpack(new MemoryStream(stream), _target, new ZfsStreamLimits
        {
            MostObjects = 10, MostEntries = 4, MostDepth = 2, MostBytes = 1 << 20, MostFileBytes = 2048,
        }).Files);
    }

    [Fact]
    public void Tables_that_contradict_themselves()
    {
        // A chain of chunks that bites its own tail: the name ends after its length, and the value is no array any more.
        Damaged(blocks => blocks[1][Start + (24 * 1) + 22] = 0xff, "a chain of chunks is broken");
        Damaged(blocks => blocks[1][Start + 4] = 0, "a chain of chunks is broken");
        Damaged(blocks => blocks[1][Start + 1] = 3, "an entry has no name or a wrong value");
        Damaged(blocks => blocks[1][Start + 6] = 0, "an entry has no name or a wrong value");
        Damaged(blocks => blocks[0][72] = 200, "it has 2 entries and says 200");
        Damaged(blocks => blocks[0][72] = 1, "it has 2 entries and says 1");
        Damaged(blocks => blocks[0][8] = 0, "it has no header");
        Damaged(blocks => blocks[1][0] = 7, "it has 0 entries and says 2");
    }

    [Fact]
    public void Attributes_that_contradict_themselves()
    {
        BadAttributes(bonus => bonus[0] = 0, "its attributes are damaged");
        BadAttributes(bonus => BinaryPrimitives.WriteUInt16LittleEndian(bonus.AsSpan(4), 0x3ff | (1 << 10)), "its attributes are in the unknown layout 1023");
        BadAttributes(bonus => bonus[6] = bonus[7] = 0xff, "its attributes are longer than their place");
    }

    [Fact]
    public void Extended_attributes_that_contradict_themselves()
    {
        foreach (var (at, value) in new[] { (12 + 3, 0x7f), (12, 0xff), (12 + 8, 0x7f), (20, 0xff), (12 + 12 + 8 + 7, 0x7f), (12 + 12 + 8 + 3, 9) })
        {
            byte[] packed = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 32, 0, 0, 0, 64, 0, 0, 0, 6, .. "user.a"u8, 0, 0, 0, 0, 0, 10, 0, 0, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            Assert.Equal([7], Assert.Single(PackedAttributes.Read(packed)!).Value);
            packed[at] = (byte)value;
            Assert.Null(PackedAttributes.Read(packed));
        }
        Assert.Null(PackedAttributes.Read([1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]));
        Assert.Null(PackedAttributes.Read([]));
    }

    [Fact]
    public void Extended_attributes_of_many_files_at_once()
    {
        _tree.RootEntries.AddRange([("a", 10), ("b", 11)]);
        _tree.File(10, new Node(0x81a4) { AttributeDirectory = 12 });
        _tree.File(11, new Node(0x81a4) { AttributeDirectory = 12 });
        _tree.Directory(12, new Node(0x41ed), ("user.x", 13));
        _tree.File(13, "value");
        Refused("gives the extended attributes of /b to others too");
        var other = new ZfsTreeBuilder();
        other.RootEntries.AddRange([("value", 10), ("z", 11)]);
        other.File(10, "value");
        other.File(11, new Node(0x81a4) { AttributeDirectory = 12 });
        other.Directory(12, new Node(0x41ed), ("user.x", 10));
        Refused("does not hold the extended attribute user.x of /z", other.ToArray());
    }

    [Fact]
    public void Records_out_of_turn()
    {
        Records(s => s.Object(10, 19, 44, 512, new byte[8]), "brings object 10 twice or out of turn");
        Records(s => s.Object(0, 19, 44, 512, new byte[8]), "impossible number 0");
        Records(s => s.Object(1UL << 50, 19, 44, 512, new byte[8]), "impossible number");
        Records(s => s.Object(20, 19, 44, 512, new byte[20000]), "describes object 20 in an impossible way");
        Records(s => s.Object(20, 19, 44, 1 << 30, []), "describes object 20 in an impossible way");
        Records(s => s.Object(20, 23, 0, 512, []), "is of a volume");
        Records(s => s.Write(8, 512, []), "brings the table 8 in too many or too small blocks");
        Records(s => s.Write(77, 0, new byte[512]), "brings content of object 77 before the object");
        Records(s => s.Spill(77, new byte[512]), "brings content of object 77 before the object");
        Records(s => s.FreeObjects(0, ulong.MaxValue), "takes back objects from 0 on");
        Records(s => s.Free(8, 0, ulong.MaxValue), "takes back a part of the table 8");
        Records(s => s.Add(3, [], (8, 10), (32, 1UL << 40)), "a block of 1099511627776 bytes");
        Records(s => s.Add(3, new byte[512], (8, 10), (32, 1UL << 40), (48, 15 << 16), (96, 512)), "a block of 1099511627776 bytes");
        Records(s => s.Add(7, [], (8, 10), (16, 1UL << 40)), "attributes of 1099511627776 bytes");
        Records(s => s.Add(6, []), "is deduplicated");
        Records(s => s.Add(9, []), "a record of the type 9");
        Records(s => s.Add(4000, []), "a record of the type 4000");
    }

    [Fact]
    public void A_target_that_holds_something_is_left_alone()
    {
        File.WriteAllText(Path.Combine(_target, "mine"), "kept");
        _tree.RootEntries.Add(("f", 10));
        _tree.File(10, "x");
        var error = Assert.Throws<DatasetException>(() => ZfsStreamUnpacker.Unpack(new MemoryStream(_tree.ToArray()), _target));
        Assert.Equal(DatasetException.FailedCode, error.Code);
        Assert.Equal("kept", File.ReadAllText(Path.Combine(_target, "mine")));
        Assert.Single(Directory.GetFileSystemEntries(_target));
    }

    private const int Start = 48 + (4096 / 16);

    private void Damaged(Action<byte[][]> harm, string why)
    {
        var tree = new ZfsTreeBuilder();
        tree.RootEntries.Add(("dir", 20));
        byte[][] blocks = ZfsTreeBuilder.FatEntries([(new string('a', 60), 10), ("b", 10)]);
        harm(blocks);
        tree.FatDirectory(20, new Node(0x41ed), blocks);
        tree.File(10, new Node(0x81a4) { Links = 2 });
        Refused($"is damaged at /dir: {why}", tree.ToArray());
    }

    private void BadAttributes(Action<byte[]> harm, string why)
    {
        var tree = new ZfsTreeBuilder();
        tree.RootEntries.AddRange([("good", 10), ("link", 11)]);
        tree.File(10, "x");
        tree.File(11, new Node(0xa1ff) { Size = 1, LinkText = "x"u8.ToArray() });
        tree.Prepare();
        byte[] bonus = tree.BonusOf(11);
        harm(bonus);
        var harmed = new ZfsTreeBuilder();
        harmed.RootEntries.AddRange([("good", 10), ("link", 11), ("same", 12)]);
        harmed.File(10, "x");
        harmed.Raw(11, 19, 44, 512, bonus);
        harmed.File(12, new Node(0xa1ff) { Size = 1, LinkText = "x"u8.ToArray() }); // for the layouts
        Refused($"is damaged at /link: {why}", harmed.ToArray());
    }

    private void Records(Action<ZfsStreamBuilder> add, string why)
    {
        var tree = new ZfsTreeBuilder();
        tree.RootEntries.Add(("f", 10));
        tree.File(10, "x");
        tree.Prepare();
        add(tree.Stream);
        Refused(why, tree.Stream.ToArray());
    }

    private void Refused(string why, byte[]? stream = null, ZfsStreamLimits? limits = null)
    {
        var error = Assert.Throws<DatasetException>(() => ZfsStreamUnpacker.Unpack(new MemoryStream(stream ?? _tree.ToArray()), _target, limits));
        Assert.Equal(DatasetException.StreamCode, error.Code);
        Assert.Contains(why, error.Message);
        Assert.Contains("pool/fs@snap", error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_target));
        Assert.Equal(["outside", "target"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName).Order());
        Assert.Equal("whole", File.ReadAllText(Assert.Single(Directory.GetFileSystemEntries(_outside))));
    }
}
