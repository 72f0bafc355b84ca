using System.Text;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Xunit;

namespace Lumos.Linux.Tests;

public sealed class HeldCopyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-copy-").FullName;
    private readonly HeldDirectory _from, _to, _links;

    public HeldCopyTests()
    {
        foreach (string name in (string[])["from", "to", "links", "elsewhere"])
        {
            Directory.CreateDirectory(In(name));
        }
        File.WriteAllText(In("elsewhere/secret"), "secret");
        (_from, _to, _links) = (HeldDirectory.Open(In("from")), HeldDirectory.Open(In("to")), HeldDirectory.Open(In("links")));
    }

    public void Dispose()
    {
        _from.RemoveContent(); // names that .NET's own could not
        _to.RemoveContent();
        _from.Dispose();
        _to.Dispose();
        _links.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void All_that_a_tree_bears_is_carried()
    {
        byte[] odd = [0x62, 0xff, 0x0a, 0x20];
        _from.MakeDirectory("sub"u8, 0x1c0);
        File.WriteAllText(In("from/sub/a"), "text");
        File.SetUnixFileMode(In("from/sub/a"), (UnixFileMode)0b100_110_100_000);
        using (var sub = _from.OpenDirectory("sub"u8))
        {
            sub.Link("a"u8, _from, "second"u8);
            sub.SetTimes("a"u8, new FileTime(5, 0), new FileTime(-7, 500_000_000));
            sub.MakeNode("pipe"u8, FileKind.Fifo, 0x180);
            sub.SetMode("pipe"u8, 0x1b6);
        }
        ExtendedAttribute.Write(In("from/sub/a"), "user.mark", "value"u8);
        ExtendedAttribute.Write(In("from/sub"), "user.of.folder", []);
        _from.MakeFile(odd, 0x1a4).Dispose();
        File.SetUnixFileMode(In("from"), (UnixFileMode)0b1_111_101_000);
        File.SetUnixFileMode(In("from/sub"), (UnixFileMode)0b111_000_101);

        new HeldCopy(_links).Copy(_from, _to);

        Assert.Equal("text", File.ReadAllText(In("to/sub/a")));
        FileStatus source = FileStatus.Of(In("from/sub/a")), copy = FileStatus.Of(In("to/sub/a"));
        Assert.Equal((source.Mode, source.User, source.Group, source.Modified, 2u), (copy.Mode, copy.User, copy.Group, copy.Modified, copy.Links));
        Assert.Equal(copy.Inode, FileStatus.Of(In("to/second")).Inode);
        Assert.Equal("value"u8.ToArray(), ExtendedAttribute.Read(In("to/sub/a"), "user.mark"));
        Assert.Equal([], ExtendedAttribute.Read(In("to/sub"), "user.of.folder")!);
        Assert.Equal((FileKind.Fifo, 0x1b6), (FileStatus.Of(In("to/sub/pipe")).Kind, FileStatus.Of(In("to/sub/pipe")).Mode));
        Assert.Contains(_to.Names(), name => name.AsSpan().SequenceEqual(odd));
        Assert.Equal((0b1_111_101_000, 0b111_000_101), (FileStatus.Of(In("to")).Mode, FileStatus.Of(In("to/sub")).Mode));
        Assert.Equal(FileStatus.Of(In("from/sub")).Modified, FileStatus.Of(In("to/sub")).Modified);
        Assert.Empty(_links.Names());
    }

    [Fact]
    public void Links_are_copied_and_never_followed()
    {
        _from.MakeLink("file"u8, Encoding.UTF8.GetBytes(In("elsewhere/secret")));
        _from.MakeLink("folder"u8, "../elsewhere"u8);
        _from.MakeLink("nowhere"u8, "none"u8);
        new HeldCopy(_links).Copy(_from, _to);
        Assert.Equal((In("elsewhere/secret"), "../elsewhere", "none"),
            (new FileInfo(In("to/file")).LinkTarget, new FileInfo(In("to/folder")).LinkTarget, new FileInfo(In("to/nowhere")).LinkTarget));
    }

    [Fact]
    public void Holes_stay_holes_and_lengths_lengths()
    {
        const long Length = 64L << 20;
        using (var file = File.Create(In("from/sparse")))
        {
            file.SetLength(Length);
            file.Position = 32 << 20;
            file.Write("middle"u8);
        }
        File.Create(In("from/empty")).Dispose();
        new HeldCopy(_links).Copy(_from, _to);
        using var copy = File.OpenRead(In("to/sparse"));
        Assert.Equal((Length, 0L), (copy.Length, new FileInfo(In("to/empty")).Length));
        copy.Position = 32 << 20;
        byte[] middle = new byte[7];
        copy.ReadExactly(middle);
        Assert.Equal("middle\0"u8.ToArray(), middle);
        using var fd = _to.OpenFile("sparse"u8, OpenFlags.ReadOnly);
        Assert.True(fd.NextData(0)!.Value.Start > 16 << 20, "the hole before the middle is gone");
    }

    [Fact]
    public void What_is_there_is_not_written_over()
    {
        File.WriteAllText(In("from/a"), "new");
        File.CreateSymbolicLink(In("to/a"), In("elsewhere/secret"));
        Assert.Equal(Errno.EEXIST, Assert.Throws<ErrnoException>(() => new HeldCopy(_links).Copy(_from, _to)).Errno);
        Assert.Equal("secret", File.ReadAllText(In("elsewhere/secret")));
    }

    private string In(string name) => Path.Combine(_folder, name);
}
