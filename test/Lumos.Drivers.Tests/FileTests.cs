using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Linux;
using Xunit;

namespace Lumos.Drivers.Tests;

public sealed class FileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-files-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_write_replaces_content_and_mode_and_leaves_no_temporary()
    {
        string path = Path.Combine(_folder, "a");
        AtomicFile.Write(path, "one", 0x1b6 /* 0666, whatever the umask */);
        Assert.Equal(UnixFileMode.OtherWrite, File.GetUnixFileMode(path) & UnixFileMode.OtherWrite);
        AtomicFile.Write(path, "two", 0x180);
        Assert.Equal("two", File.ReadAllText(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Single(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_failed_write_leaves_nothing_behind()
    {
        string path = Path.Combine(_folder, "d");
        Directory.CreateDirectory(path);
        var error = Assert.Throws<ErrnoException>(() => AtomicFile.Write(path, "text"));
        Assert.Equal(Errno.EISDIR, error.Errno);
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Files_written_together_are_replaced_or_left_with_no_temporary()
    {
        string first = Path.Combine(_folder, "a"), folder = Path.Combine(_folder, "b"), other = Path.Combine(folder, "c");
        Directory.CreateDirectory(folder);
        AtomicFile.WriteAll(AtomicFile.Text(first, "one", 0x180), AtomicFile.Text(other, "two"));
        Assert.Equal(("one", "two"), (File.ReadAllText(first), File.ReadAllText(other)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(first));

        // One that cannot be written at all: nothing changes. One that cannot take its place: what stood before it is done.
        Assert.Throws<ErrnoException>(() => AtomicFile.WriteAll(AtomicFile.Text(first, "new"), AtomicFile.Text(Path.Combine(_folder, "none", "d"), "x")));
        Assert.Equal("one", File.ReadAllText(first));
        Assert.Throws<ErrnoException>(() => AtomicFile.WriteAll(AtomicFile.Text(first, "new"), AtomicFile.Text(folder, "x"), AtomicFile.Text(other, "new")));
        Assert.Equal(("new", "two"), (File.ReadAllText(first), File.ReadAllText(other)));
        Assert.Equal([first, folder, other], Directory.GetFileSystemEntries(_folder, "*", SearchOption.AllDirectories).Order());
    }

    [Fact]
    public void A_lock_is_exclusive_and_says_who_holds_it()
    {
        string path = Path.Combine(_folder, "locks", "vm");
        string? said = null;
        using (FileLock.Acquire(path))
        {
            var error = Assert.Throws<LumosException>(
                () => FileLock.Acquire(path, TimeSpan.FromMilliseconds(50), text => said = text));
            Assert.Equal("LockTimeout", error.Code);
            Assert.Contains($"process {Environment.ProcessId}", said);
        }
        said = null;
        FileLock.Acquire(path, TimeSpan.Zero, text => said = text).Dispose();
        Assert.Null(said);
    }
}
