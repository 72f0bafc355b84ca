using System.Diagnostics;
using Lumos.Core;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;

namespace Lumos.Drivers.Files;

/// <summary>
/// One lock per object that changes (a VM, an image, the network), held across processes through flock on a file under
/// /run/lumos/locks. The kernel lets go of it when the holder ends. The file itself is never removed: a second waiter could
/// hold the removed one. Who takes several takes them in this order: a migration's, a VM's, the addresses', the index's.
/// </summary>
public sealed class FileLock : IDisposable
{
    public const string Folder = "/run/lumos/locks";

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(500);

    private readonly FileDescriptor _fd;

    private FileLock(FileDescriptor fd) => _fd = fd;

    /// <param name="name">A plain name (kept in <see cref="Folder"/>) or a whole path.</param>
    /// <param name="timeout">Null waits for ever.</param>
    /// <param name="onWait">Called once, with a sentence, when another has held the lock for half a second and waiting goes on.</param>
    /// <param name="stop">Ends the waiting. Who may be stopped has no place in the queue of those who wait.</param>
    /// <exception cref="LumosException"><c>LockTimeout</c>: another holds it for longer than the time-out.</exception>
    public static FileLock Acquire(string name, TimeSpan? timeout = null, Action<string>? onWait = null, CancellationToken stop = default)
    {
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var fd = FileDescriptorIo.Open(path, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.NoFollow, 0x180 /* 0600 */);
        try
        {
            if (!FileLocks.TryLock(fd))
            {
                // Most locks are held for milliseconds, which is nothing to tell anybody about.
                using var notice = onWait is null || timeout < Moment ? null
                    : new Timer(_ => onWait($"waiting for {Holder(path)} to let go of {path}"), null, Moment, Timeout.InfiniteTimeSpan);
                Wait(fd, path, timeout, stop);
            }
            Sign(fd);
            return new FileLock(fd);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>The lock, if nobody has it; null: somebody has.</summary>
    /// <inheritdoc cref="Acquire"/>
    public static FileLock? TryAcquire(string name)
    {
        try
        {
            return Acquire(name, TimeSpan.Zero);
        }
        catch (LumosException e) when (e.Code == "LockTimeout")
        {
            return null;
        }
    }

    public void Dispose() => _fd.Dispose();

    private static void Wait(FileDescriptor fd, string path, TimeSpan? timeout, CancellationToken stop)
    {
        if (timeout is null && !stop.CanBeCanceled)
        {
            FileLocks.Lock(fd);
            return;
        }
        // flock knows no time-out; a short poll costs less than a thread that cannot be called back.
        var clock = Stopwatch.StartNew();
        while (!FileLocks.TryLock(fd))
        {
            stop.ThrowIfCancellationRequested();
            if (timeout is { } limit && clock.Elapsed > limit)
            {
                throw new LumosException(
                    "LockTimeout", $"{Holder(path)} has held {path} for more than {limit.TotalSeconds:0.#} s; try again when it is done");
            }
            Thread.Sleep(20);
        }
    }

    private static void Sign(FileDescriptor fd)
    {
        // For the sentence that a waiter prints; no decision hangs on it.
        using var stream = new FileStream(
            new Microsoft.Win32.SafeHandles.SafeFileHandle(fd.Number, ownsHandle: false), FileAccess.ReadWrite, bufferSize: 0);
        stream.SetLength(0);
        stream.Write(System.Text.Encoding.UTF8.GetBytes($"{Environment.ProcessId}\n"));
    }

    private static string Holder(string path)
    {
        try
        {
            // Not a stream of .NET's: those take flock themselves.
            using var fd = FileDescriptorIo.Open(path, OpenFlags.ReadOnly | OpenFlags.NoFollow);
            return int.TryParse(System.Text.Encoding.UTF8.GetString(fd.ReadToEnd()).Trim(), out int pid) ? $"process {pid}" : "another process";
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}
