using Lumos.Core;
using Lumos.Imgapi.Model;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Microsoft.Win32.SafeHandles;

namespace Lumos.Imgapi.Mirror;

/// <summary>
/// A file on its way from the server that this one mirrors, read by everybody who asks for it while it comes. Its last byte is
/// given to nobody before the whole has been checked: a download that ends well has brought the right file.
/// </summary>
internal sealed class Transfer(string path, long size)
{
    // All readers share it; its finalizer closes it after the last. It takes no lock of the framework's, which the writer would meet.
    private readonly FileDescriptor _file = FileDescriptorIo.Open(path, OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive, 0x180 /* 0600 */);

    private readonly Lock _lock = new();
    private TaskCompletionSource _moved = New();
    private long _written;

    public string Path => path;

    public long Size => size;

    /// <summary>Bytes that have not come yet.</summary>
    public long Missing => Math.Max(0, size - Interlocked.Read(ref _written));

    /// <summary>Ends when the image is in the store.</summary>
    public required Task<StoredImage> Done { get; set; }

    /// <summary>Bytes that are there; fewer than before when the other server could not continue and begins anew.</summary>
    public void Written(long bytes)
    {
        lock (_lock)
        {
            Interlocked.Exchange(ref _written, bytes);
            var moved = _moved;
            _moved = New();
            moved.SetResult();
        }
    }

    /// <summary>Bytes from a place that <see cref="Available"/> has told of.</summary>
    public int Read(Span<byte> block, long from)
    {
        using var handle = new SafeFileHandle(_file.Number, ownsHandle: false);
        int got = RandomAccess.Read(handle, block, from);
        GC.KeepAlive(_file);
        return got;
    }

    /// <summary>Waits until there is something to send at a place; how far it goes.</summary>
    /// <exception cref="LumosException">What has come is not the file, or it does not come.</exception>
    public async Task<long> Available(long from, CancellationToken stop)
    {
        while (true)
        {
            Task moved;
            if (Done.IsCompleted)
            {
                _ = await Done.ConfigureAwait(false); // a failure goes before what there still is to read
                return size;
            }
            lock (_lock)
            {
                long end = Math.Min(_written, size - 1);
                if (end > from)
                {
                    return end;
                }
                moved = _moved.Task;
            }
            _ = await Task.WhenAny(moved, Done).WaitAsync(stop).ConfigureAwait(false);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
