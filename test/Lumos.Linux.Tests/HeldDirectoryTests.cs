using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Xunit;

namespace Lumos.Linux.Tests;

public sealed class HeldDirectoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-held-").FullName;
    private readonly HeldDirectory _held;

    public HeldDirectoryTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "in"));
        Directory.CreateDirectory(Path.Combine(_folder, "out"));
        File.WriteAllText(Path.Combine(_folder, "out", "file"), "whole");
        _held = HeldDirectory.Open(Path.Combine(_folder, "in"));
    }

    public void Dispose()
    {
        _held.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("/")]
    [InlineData("nul\0nul")]
    public void Only_names_are_taken(string name)
    {
        byte[] raw = [.. name.Select(c => (byte)c)];
        Assert.False(HeldDirectory.IsName(raw));
        Action[] calls =
        [
            () => _held.OpenDirectory(raw), () => _held.OpenFile(raw, OpenFlags.ReadOnly), () => _held.MakeFile(raw, 0x180), () => _held.MakeDirectory(raw, 0x1c0),
            () => _held.MakeLink(raw, "x"u8), () => _held.MakeNode(raw, FileKind.Fifo, 0x180), () => _held.Move("x"u8, _held, raw), () => _held.Move(raw, _held, "x"u8),
            () => _held.Link("x"u8, _held, raw), () => _held.Remove(raw), () => _held.RemoveDirectory(raw), () => _held.SetOwner(raw, 0, 0), () => _held.SetMode(raw, 0),
            () => _held.SetTimes(raw, default, default), () => _held.SetAttribute(raw, "user.x", []),
        ];
        Assert.All(calls, call => Assert.Equal(Errno.EINVAL, Assert.Throws<ErrnoException>(call).Errno));
    }

    [Fact]
    public void Links_are_never_followed()
    {
        byte[] link = "link"u8.ToArray();
        _held.MakeLink(link, "../out"u8);
        Assert.Equal(Errno.ENOTDIR, Assert.Throws<ErrnoException>(() => _held.OpenDirectory(link)).Errno);
        Assert.Equal(Errno.ELOOP, Assert.Throws<ErrnoException>(() => _held.OpenFile(link, OpenFlags.ReadOnly)).Errno);
        Assert.Equal(Errno.EEXIST, Assert.Throws<ErrnoException>(() => _held.MakeFile(link, 0x180)).Errno);
        _held.SetTimes(link, new FileTime(1, 0), new FileTime(-7, 5));
        Assert.Equal(-7, FileStatus.Of(Path.Combine(_folder, "in", "link")).Modified.ToUnixTimeSeconds());
        _held.RemoveContent();
        Assert.Equal("whole", File.ReadAllText(Path.Combine(_folder, "out", "file")));
        Assert.Empty(_held.Names());
    }

    [Fact]
    public void What_is_there_is_never_replaced()
    {
        using (_held.MakeFile("a"u8, 0x180))
        using (_held.MakeFile("b"u8, 0x180))
        {
        }
        _held.MakeDirectory("d"u8, 0x1c0);
        byte[] b = "b"u8.ToArray(), d = "d"u8.ToArray(), a = "a"u8.ToArray();
        Assert.Equal(Errno.EEXIST, Assert.Throws<ErrnoException>(() => _held.Move(a, _held, b)).Errno);
        Assert.Equal(Errno.EEXIST, Assert.Throws<ErrnoException>(() => _held.Link(a, _held, b)).Errno);
        Assert.Equal(Errno.EEXIST, Assert.Throws<ErrnoException>(() => _held.MakeDirectory(d, 0x1c0)).Errno);
        Assert.Equal(["a", "b", "d"], _held.Names().Select(n => System.Text.Encoding.ASCII.GetString(n)).Order());
    }

    [Fact]
    public void Everything_below_goes_however_deep_and_whatever_its_name()
    {
        using (var _ = _held.MakeFile([0xff, 0xfe], 0x180))
        {
        }
        string part = new('p', 200);
        string sub = Path.Combine(_folder, "in");
        for (int i = 0; i < 15; i++)
        {
            sub = Path.Combine(sub, part);
            Directory.CreateDirectory(sub);
            File.WriteAllText(Path.Combine(sub, ".lumos-removed-0"), "");
        }
        using (var source = HeldDirectory.Open(Path.Combine(_folder, "out")))
        {
            // Deeper than any path: what was made goes below something else as long.
            source.MakeDirectory("top"u8, 0x1c0);
            using var top = source.OpenDirectory("top"u8);
            _held.Move(System.Text.Encoding.ASCII.GetBytes(part), top, "x"u8);
            using var deep = HeldDirectory.Open(Path.Combine(_folder, "out", "top", "x", string.Join('/', Enumerable.Repeat(part, 14))));
            for (int i = 0; i < 15; i++)
            {
                string name = Path.Combine(_folder, "in", part);
                Directory.CreateDirectory(name);
                using var wrapped = HeldDirectory.Open(name);
                if (i > 0)
                {
                    _held.Move("chain"u8, wrapped, System.Text.Encoding.ASCII.GetBytes(part));
                }
                _held.Move(System.Text.Encoding.ASCII.GetBytes(part), _held, "chain"u8);
            }
            _held.Move("chain"u8, deep, System.Text.Encoding.ASCII.GetBytes(part));
            source.Move("top"u8, _held, "top"u8);
        }
        Assert.Equal(2, _held.Names().Count);
        Assert.Single(_held.Names(1));
        _held.RemoveContent();
        Assert.Empty(_held.Names());
    }
}
