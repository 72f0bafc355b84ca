using Xunit;

namespace Lumos.Images.Tests.Archives;

/// <summary>Layers of OCI images: whiteouts, what replaces what, and the tricks with them.</summary>
[Trait("level", "host")]
public sealed class LayerTests : IDisposable
{
    private readonly UnpackFolder _to = new();

    public LayerTests() => _to.Unpack(
        Tar().Directory("etc").File("etc/a", "a").File("etc/b", "b").Directory("etc/sub").File("etc/sub/x", "x").Directory("usr").Directory("usr/lib").File("usr/lib/l", "l")
            .Link("lib", "usr/lib").Link("abs", "/usr/lib").File("top", "t").End(), layer: true);

    public void Dispose() => _to.Dispose();

    private static TarBuilder Tar() => new();

    [Fact]
    public void A_whiteout_removes_a_file_a_link_and_a_whole_directory()
    {
        _to.Unpack(Tar().File("etc/.wh.a").File(".wh.lib").File("etc/.wh.sub").File("etc/.wh.never").File("no/where/.wh.x").File("/.wh.top").End(), layer: true);
        Assert.Equal(["b"], _to.Names("etc"));
        Assert.Equal(["abs", "etc", "usr"], _to.Names());
        Assert.Equal("l", _to.Read("usr/lib/l"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_opaque_directory_hides_what_is_below_and_never_its_own(bool first)
    {
        var tar = Tar();
        void Opaque() => tar.File("etc/.wh..wh..opq");
        if (first)
        {
            Opaque();
        }
        tar.Directory("etc").File("etc/new", "n").File("etc/a", "mine").File("etc/sub/deep/new", "d");
        if (!first)
        {
            Opaque();
        }
        _to.Unpack(tar.End(), layer: true);
        Assert.Equal(["a", "new", "sub"], _to.Names("etc"));
        Assert.Equal("mine", _to.Read("etc/a"));
        Assert.Equal(["deep"], _to.Names("etc/sub"));
        Assert.Equal("t", _to.Read("top"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_whiteout_of_what_the_layer_brings_itself_takes_the_old_one(bool first)
    {
        var tar = Tar();
        if (first)
        {
            tar.File("etc/.wh.sub").File("etc/.wh.a");
        }
        tar.Directory("etc/sub").File("etc/sub/y", "y").File("etc/a", "new");
        if (!first)
        {
            tar.File("etc/.wh.sub").File("etc/.wh.a");
        }
        _to.Unpack(tar.End(), layer: true);
        Assert.Equal(["y"], _to.Names("etc/sub"));
        Assert.Equal("new", _to.Read("etc/a"));
    }

    [Fact]
    public void An_opaque_root_is_a_new_beginning()
    {
        _to.Unpack(Tar().File(".wh..wh..opq").File("only", "o").End(), layer: true);
        Assert.Equal(["only"], _to.Names());
        _to.AssertOutside();
    }

    [Theory]
    [InlineData(".wh.", "no name")]
    [InlineData(".wh..", "no name")]
    [InlineData(".wh...", "no name")]
    [InlineData("etc/.wh...", "no name")]
    [InlineData("etc/.wh..wh.other", "no name")]
    [InlineData(".wh.etc/a", "below a whiteout")]
    [InlineData(".wh..wh..opq/a", "below a whiteout")]
    [InlineData("etc/.wh./../../outside", "\"..\"")]
    [InlineData("../.wh.outside", "\"..\"")]
    public void Tricks_with_whiteouts(string name, string why)
    {
        _to.Refused(Tar().File(name).End(), $"\"{name}\"", why, layer: true);
        Assert.Equal(["abs", "etc", "lib", "top", "usr"], _to.Names());
        Assert.Equal(["a", "b", "sub"], _to.Names("etc"));
    }

    [Fact]
    public void A_whiteout_is_a_file() => _to.Refused(Tar().Directory("etc/.wh.a").End(), "etc/.wh.a", "no file", layer: true);

    [Theory]
    [InlineData("../outside")]
    [InlineData("../../../../../../../..")]
    public void A_whiteout_through_a_link_that_leads_out(string target)
    {
        _to.Refused(Tar().Link("out", target).File("out/.wh.file").End(), "\"out/.wh.file\"", "leads out", layer: true);
        _to.Refused(Tar().Link("out2", target).File("out2/.wh..wh..opq").End(), "out2/.wh..wh..opq", "leads out", layer: true);
    }

    [Fact]
    public void A_whiteout_of_a_link_to_the_outside_removes_the_link()
    {
        _to.Unpack(Tar().Link("out", "../outside").End(), layer: true);
        _to.Unpack(Tar().File(".wh.out").End(), layer: true);
        Assert.DoesNotContain("out", _to.Names());
        _to.AssertOutside();
    }

    [Fact]
    public void Whiteouts_are_names_like_others_in_the_archive_of_a_system()
    {
        using var plain = new UnpackFolder();
        plain.Unpack(Tar().File(".wh.x", "kept").End());
        Assert.Equal("kept", plain.Read(".wh.x"));
    }

    [Fact]
    public void What_a_layer_has_replaces_what_is_below_of_another_kind()
    {
        _to.Unpack(Tar().File("etc", "now a file").Directory("top").File("top/x", "x").Link("usr", "etc").End(), layer: true);
        Assert.Equal("now a file", _to.Read("etc"));
        Assert.Equal("x", _to.Read("top/x"));
        Assert.Equal("etc", new FileInfo(_to["usr"]).LinkTarget);
        _to.Refused(Tar().File("top", "y").File("top/below").End(), "top/below", "no directory", layer: true);
    }

    [Fact]
    public void Links_among_directories_are_followed_inside_the_root()
    {
        _to.Unpack(Tar().File("lib/one", "1").File("abs/two", "2").HardLink("lib/three", "abs/l").File("lib/.wh.one").End(), layer: true);
        Assert.Equal(["l", "one", "three", "two"], _to.Names("usr/lib"));
        _to.Unpack(Tar().File("abs/.wh.two").End(), layer: true);
        Assert.Equal(["l", "one", "three"], _to.Names("usr/lib"));
    }

    [Fact]
    public void A_directory_that_was_replaced_is_not_linked_from()
    {
        byte[] archive = Tar().HardLink("x1", "etc/sub/x").File("etc/.wh.sub").File("etc/sub/x", "new").HardLink("x2", "etc/sub/x").End();
        _to.Unpack(archive, layer: true);
        Assert.Equal(("x", "new"), (_to.Read("x1"), _to.Read("x2")));
    }
}
