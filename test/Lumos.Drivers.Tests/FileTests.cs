using System.Collections.Concurrent;
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
            Assert.Contains($"process {Environment.ProcessId}", error.Message);
        }
        FileLock.Acquire(path, TimeSpan.Zero, text => said = text).Dispose();
        Assert.Null(said);
        var held = FileLock.Acquire(path);
        using var release = new Timer(_ => held.Dispose(), null, TimeSpan.FromSeconds(0.8), Timeout.InfiniteTimeSpan);
        FileLock.Acquire(path, onWait: text => said = text).Dispose();
        Assert.Equal($"waiting for process {Environment.ProcessId} to let go of {path}", said);
    }

    [Fact]
    public void Who_waits_for_a_lock_has_it_in_turn_whoever_comes_between()
    {
        string path = Path.Combine(_folder, "turn.lock");
        var order = new ConcurrentQueue<int>();
        var first = FileLock.Acquire(path);
        using var over = new CancellationTokenSource();
        var barging = new Thread(() =>
        {
            while (!over.IsCancellationRequested)
            {
                try
                {
                    FileLock.Acquire(path, TimeSpan.Zero).Dispose();
                }
                catch (LumosException)
                {
                    // It is held, or somebody waits.
                }
            }
        });
        barging.Start();
        var waiters = Enumerable.Range(0, 8).Select(i => new Thread(() =>
        {
            using (FileLock.Acquire(path))
            {
                order.Enqueue(i);
                Thread.Sleep(5);
            }
        })).ToList();
        foreach (var waiter in waiters)
        {
            waiter.Start();
            Thread.Sleep(50);
        }
        Assert.Empty(order);
        first.Dispose();
        waiters.ForEach(w => w.Join());
        over.Cancel();
        barging.Join();
        Assert.Equal(Enumerable.Range(0, 8), order);
    }
}
