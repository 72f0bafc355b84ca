using System.Text;
using Lumos.Images.Archives;
using Xunit;

namespace Lumos.Images.Tests.Archives;

/// <summary>An archive for each trick: refused with its entry named, and the machine as it was. Owners are given, so root is needed.</summary>
[Trait("level", "host")]
public sealed class HostileArchiveTests : IDisposable
{
    private readonly UnpackFolder _to = new();

    public void Dispose() => _to.Dispose();

    private static TarBuilder Tar() => new();

    [Theory]
    [InlineData("../outside/file")]
    [InlineData("a/../../outside/file")]
    [InlineData("a/..")]
    [InlineData("..")]
    public void Names_that_lead_out(string name)
    {
        _to.Refused(Tar().Directory("a").File(name, "evil").End(), $"\"{name}\"", "\"..\"");
        _to.Refused(Tar().Directory("a").File(name, "evil").End(), $"\"{name}\"", "\"..\"", layer: true);
        _to.Refused(Tar().Directory("b").Pax(("path", name)).File("x", "evil").End(), $"\"{name}\"", "\"..\"", layer: true);
    }

    [Fact]
    public void Absolute_names_are_refused_in_a_system_and_begin_at_the_root_in_a_layer()
    {
        string outside = _to.Outside;
        _to.Refused(Tar().File(outside, "evil").End(), outside, "absolute name");
        _to.Unpack(Tar().File("/etc/motd", "hello").End(), layer: true);
        Assert.Equal("hello", _to.Read("etc/motd"));
        _to.AssertOutside();
    }

    [Fact]
    public void Hard_links_that_lead_out()
    {
        _to.Refused(Tar().HardLink("link", "../outside/file").End(), "\"link\"", "\"..\"");
        _to.Refused(Tar().HardLink("link", _to.Outside).End(), "\"link\"", "absolute target");
        _to.Refused(Tar().HardLink("link", "/etc/passwd").End(), "\"link\"", "not there", layer: true);
        _to.Refused(Tar().HardLink("link", "missing").End(), "\"link\"", "not there");
        _to.Refused(Tar().Directory("d").HardLink("link", "d").End(), "\"link\"", "is a directory");
        _to.Refused(Tar().HardLink("link", "./").End(), "\"link\"", "link to the root");
        // Through a link of its own.
        _to.Refused(Tar().Link("out", "../outside").HardLink("link", "out/file").End(), "\"link\"", "through the link \"out\"");
        _to.Refused(Tar().Link("out", "../outside").HardLink("link", "out/file").End(), "\"link\"", "leads out of the root", layer: true);
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("../../../../../../../../tmp")]
    [InlineData("a/../../outside")]
    public void A_link_and_then_a_file_through_it(string target)
    {
        byte[] archive = Tar().Directory("a").Link("out", target).File("out/file", "evil").End();
        _to.Refused(archive, "\"out/file\"", "through the link \"out\"");
        _to.Refused(archive, "\"out/file\"", "leads out of the root", layer: true);
    }

    [Fact]
    public void An_absolute_link_of_a_layer_is_followed_inside_the_root_only()
    {
        byte[] archive = Tar().Link("out", Path.GetDirectoryName(_to.Outside)!).File("out/file", "mine").End();
        _to.Refused(archive, "\"out/file\"", "through the link");
        _to.Unpack(archive, layer: true);
        _to.AssertOutside();
        Assert.Equal("mine", _to.Read(_to.Outside.TrimStart('/')));
        _to.Refused(Tar().Link("loop", "loop").File("loop/file", "x").End(), "\"loop/file\"", "more than 40 links", layer: true);
    }

    [Fact]
    public void A_file_over_a_link_replaces_the_link()
    {
        _to.Unpack(Tar().Link("name", "../outside/file").File("name", "mine").End());
        Assert.Equal("mine", _to.Read("name"));
        _to.AssertOutside();
    }

    [Fact]
    public void A_file_over_a_hard_link_leaves_the_other_name()
    {
        _to.Unpack(Tar().File("one", "first").HardLink("two", "one").File("two", "second").End());
        Assert.Equal(("first", "second"), (_to.Read("one"), _to.Read("two")));
    }

    [Fact]
    public void Entries_through_a_file() =>
        _to.Refused(Tar().File("file", "x").File("file/below", "y").End(), "\"file/below\"", "which is no directory");

    [Fact]
    public void Duplicates_the_last_file_counts_and_kinds_do_not_change()
    {
        _to.Unpack(Tar().File("f", "one").File("f", "two").Directory("d").File("d/x", "x").Directory("d", 0x1c0).End());
        Assert.Equal("two", _to.Read("f"));
        Assert.Equal("x", _to.Read("d/x"));
        using var other = new UnpackFolder();
        other.Refused(Tar().Directory("d").File("d/x", "x").File("d", "y").End(), "\"d\"", "as a directory and then as something else");
        other.Refused(Tar().Link("d", "/etc").Directory("d").End(), "\"d\"", "was something else before");
    }

    [Fact]
    public void The_root_is_a_directory() => _to.Refused(Tar().Link("./", "/").End(), "\"./\"", "stands for the root");

    [Fact]
    public void Devices_are_never_made()
    {
        _to.Refused(Tar().Device("disk", '4', 8, 0).End(), "\"disk\"", "is a device (8, 0)");
        _to.Refused(Tar().Device("kmem", '3', 1, 2).End(), "\"kmem\"", "is a device (1, 2)");
        _to.Refused(Tar().Device("gone", '3', 0, 0).End(), "\"gone\"", "is a device (0, 0)", layer: true); // an overlay's whiteout
        var facts = _to.Unpack(Tar().Directory("dev").Device("dev/sda", '4', 8, 0).Device("dev/console", '3', 5, 1).Device("chroot/random", '3', 1, 8).End());
        Assert.Equal(["devices below /dev, which a zone is given when it boots: 2 of them, the first dev/sda", "devices that a zone has in its own /dev: chroot/random"], facts.NotCarried);
        Assert.Equal(["dev"], _to.Names());
        Assert.Empty(_to.Names("dev"));
    }

    [Fact]
    public void Unknown_kinds_are_refused()
    {
        _to.Refused(Tar().Entry("x", 'M').End(), "\"x\"", "another volume");
        _to.Refused(Tar().Entry("x", 'Z').End(), "\"x\"", "kind that is not known");
    }

    [Fact]
    public void Set_id_bits_stay_with_owners_of_the_zone_and_go_with_others()
    {
        var facts = _to.Unpack(Tar().File("good", "x", mode: 0x9ed, user: 65535).File("bad", "x", mode: 0xded, user: 131072, group: 5).End());
        Assert.Equal("4755 65535:0", Stat("good"));
        Assert.Equal("755 65534:5", Stat("bad"));
        Assert.Contains("owners above 65535", Assert.Single(facts.NotCarried), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("trusted.overlay.opaque")]
    [InlineData("trusted.overlay.redirect")]
    public void Attributes_that_overlays_believe(string name) =>
        _to.Refused(Tar().Pax(("SCHILY.xattr." + name, "y")).File("x").End(), "\"x\"", name);

    [Fact]
    public void Capabilities_of_another_root_are_left_out()
    {
        byte[] capability = new byte[24];
        capability[3] = 3; // version 3
        capability[20] = 1; // of the root with the id 1
        var facts = _to.Unpack(Tar().Pax('x', ("SCHILY.xattr.security.capability", capability)).File("ping", "x").End());
        Assert.Contains("another root", Assert.Single(facts.NotCarried), StringComparison.Ordinal);
    }

    [Fact]
    public void Bombs_of_ratio()
    {
        var limits = new ArchiveLimits { FreeBytes = 1 << 20, MostRatio = 10 };
        byte[] archive = Tar().File("small", "x").Entry("zeros", '0', new byte[4 << 20]).End();
        _to.Refused(archive, "\"zeros\"", "more than 10 times its packed size of 1000 bytes", limits: limits, packed: 1000);
        _to.Unpack(archive, limits: limits, packed: 1 << 19);
    }

    [Fact]
    public void Bombs_of_entries_and_of_headers()
    {
        var tar = Tar();
        for (int i = 0; i < 11; i++)
        {
            tar.File($"f{i}");
        }
        _to.Refused(tar.End(), "\"f10\"", "one more than the 10", limits: new ArchiveLimits { MostEntries = 10 });
        tar = Tar();
        for (int i = 0; i < 11; i++)
        {
            tar.Pax(("comment", "x")); // headers of no entry count too
        }
        _to.Refused(tar.File("f").End(), "PaxHeader", "one more than the 10", limits: new ArchiveLimits { MostEntries = 10 });
        _to.Refused(Tar().Pax(("comment", new string('x', 2000))).File("f").End(), "PaxHeader", "is described by", limits: new ArchiveLimits { MostHeaderBytes = 1000 });
        _to.Refused(Tar().Entry("long", 'L', says: 1L << 40).End(), "\"long\"", "is described by");
    }

    [Fact]
    public void Bombs_of_length_and_of_holes()
    {
        var limits = new ArchiveLimits { MostBytes = 1 << 20 };
        _to.Refused(Tar().Entry("huge", '0', says: 1L << 50).End(), "\"huge\"", "has 1125899906842624 bytes");
        _to.Refused(Tar().Pax(("GNU.sparse.map", "0,1"), ("GNU.sparse.size", TarBuilder.Text(long.MaxValue)), ("GNU.sparse.name", "holes")).File("x", "x").End(), "\"holes\"", "bytes");
        _to.Refused(Tar().Entry("a", '0', new byte[1 << 19]).Entry("b", '0', new byte[1 << 19]).Entry("c", '0', new byte[512]).End(), "\"c\"", "which makes more", limits: limits);
        foreach (string map in (string[])["0,1,0,1", "5,1,2,1", "0,2", "0", "-1,1", "0,1,x,1", "9223372036854775807,1", "0,1,99,2"])
        {
            _to.Refused(Tar().Pax(("GNU.sparse.map", map), ("GNU.sparse.size", "100")).File("holes", "x").End(), "\"holes\"", "map is damaged");
        }
    }

    [Fact]
    public void Bombs_of_depth_and_of_path_length()
    {
        string deep = string.Join('/', Enumerable.Repeat("d", 257));
        _to.Refused(Tar().Pax(("path", deep)).File("x").End(), "d/d/d", "257 levels deep");
        _to.Refused(Tar().Pax(("path", new string('n', 256))).File("x").End(), "nnn", "longer than 255");
        _to.Refused(Tar().Pax(("path", string.Join('/', Enumerable.Repeat(new string('p', 200), 30)))).File("x").End(), "ppp", "and 4095 are allowed");
        // A link below lies another 200 levels down: both ways together are too many.
        string half = string.Join('/', Enumerable.Repeat("h", 200));
        _to.Refused(Tar().Pax(("path", half)).Directory("x").Pax(("linkpath", half)).Link("deep", "").Pax(("path", "deep/" + half)).File("x").End(), "h", "levels that are allowed", layer: true);
    }

    [Fact]
    public void Archives_that_are_cut_short()
    {
        byte[] whole = Tar().File("first", "x").Entry("second", '0', new byte[5000]).End();
        foreach (int length in (int[])[100, 600, 1300, 2000, 3000])
        {
            _to.Refused(whole[..length], length < 512 ? "no tar archive" : length < 1536 ? "first" : "second", "", code: "ArchiveDamaged");
        }
        _to.Refused(Tar().File("first", "x").WithoutEnd(), "it has no end", "", code: "ArchiveDamaged");
        _to.Refused(Tar().File("first", "x").Pax(("path", "y")).WithoutEnd(), "belongs to an entry", "", code: "ArchiveDamaged");
        _to.Refused([], "it has no end", "", code: "ArchiveDamaged");
        _to.Refused([.. whole, .. whole], "something follows its end", "", code: "ArchiveDamaged");
    }

    [Fact]
    public void Headers_that_are_damaged()
    {
        byte[] archive = Tar().File("first", "x").File("second", "y").End();
        archive[1024 + 3] ^= 1;
        _to.Refused(archive, "after \"first\" comes no header", "", code: "ArchiveDamaged");
        _to.Refused(Encoding.ASCII.GetBytes(new string('x', 2000)), "no tar archive", "", code: "ArchiveDamaged");
        _to.Refused(Tar().Entry("f", '0', says: -5).End(), "numbers that are none", "", code: "ArchiveDamaged");
        _to.Refused(Tar().Entry("f", '0', change: b => b[124] = (byte)'x').End(), "numbers that are none", "", code: "ArchiveDamaged");
        _to.Refused(Tar().Pax(("size", "-1")).File("f").End(), "numbers that are none", "", code: "ArchiveDamaged");
        _to.Refused(Tar().Entry("pax", 'x', "99 path=x\n"u8.ToArray()).File("f").End(), "malformed", "", code: "ArchiveDamaged");
        _to.Refused(Tar().Pax('g', ("path", "x"u8.ToArray())).File("f").End(), "global header", "", code: "ArchiveDamaged");
        _to.Refused(Tar().Pax('x', ("path", "a\0b"u8.ToArray())).File("f").End(), "\"a?b\"", "NUL");
        _to.Refused(Tar().File("").End(), "\"\"", "has no name");
        _to.Refused(Tar().Link("l", "").End(), "\"l\"", "is empty");
    }

    [Fact]
    public void A_name_cannot_move_the_terminal_s_cursor() => _to.Refused(Tar().File("../\x1b[2Jx").End(), "\"../?[2Jx\"", "\"..\"");

    private string Stat(string path)
    {
        var status = Lumos.Linux.Files.FileStatus.Of(_to[path]);
        return $"{Convert.ToString(status.Mode, 8)} {status.User}:{status.Group}";
    }
}
