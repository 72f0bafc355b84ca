using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Handles;

namespace Lumos.Images.Import;

/// <summary>
/// A file that is being downloaded, for who wants to use it meanwhile: read it from its beginning, and each read waits for what has not come.
/// Who reads so has read bytes that nobody has checked: nothing may come of them before <see cref="Check"/>. A download that is
/// begun anew takes back what was read, and every read from then on says so.
/// </summary>
internal sealed class ArrivingFile(string path, long size, CancellationToken stop)
{
    /// <summary>Code of the exception that says that what was read is of a download that is no more.</summary>
    public const string BegunAnew = "DownloadBegunAnew";

    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(200); // how soon a stop is seen

    private readonly object _changes = new();
    private Task<string>? _download;
    private long _length = -1;
    private bool _begunAnew;

    public string Path => path;

    /// <summary>Bytes it has in the end, by its manifest.</summary>
    public long Size => size;

    /// <summary>The download itself: the file's path once it is whole and right.</summary>
    public Task<string> Download
    {
        get => _download ?? throw new InvalidOperationException("no download was begun");
        set
        {
            _download = value;
            value.ContinueWith(_ => Tell(() => { }), TaskScheduler.Default);
        }
    }

    /// <summary>So many bytes are there now.</summary>
    public void Grew(long length) => Tell(() =>
    {
        _begunAnew |= length < _length;
        _length = length;
    });

    /// <summary>Waits for the first bytes. False: the download has ended before anybody could follow it, well or not.</summary>
    public bool WaitForBeginning() => Wait(0) && !Download.IsCompleted;

    /// <summary>What was read before is of a download that is no more.</summary>
    public bool WasBegunAnew => Volatile.Read(ref _begunAnew);

    /// <summary>Reads it as it comes.</summary>
    /// <exception cref="LumosException">DownloadBegunAnew.</exception>
    public ArrivingStream Open()
    {
        try
        {
            // Without FileStream's own locks: it is being written, and deleted when it was wrong.
            return new ArrivingStream(this, FileDescriptorIo.Open(path, OpenFlags.ReadOnly));
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENOENT)
        {
            throw Anew();
        }
    }

    /// <summary>Waits for the end, and for the check of the whole.</summary>
    /// <exception cref="LumosException">ChecksumMismatch, what went wrong with the download, or DownloadBegunAnew.</exception>
    public void Check()
    {
        Download.GetAwaiter().GetResult();
        RequireOne();
    }

    /// <summary>Waits until there are more bytes than these. False: there will not be any.</summary>
    /// <exception cref="LumosException">DownloadBegunAnew, or what went wrong with the download.</exception>
    internal bool Wait(long moreThan)
    {
        lock (_changes)
        {
            while (!_begunAnew && _length <= moreThan && !Download.IsCompleted)
            {
                Monitor.Wait(_changes, s_step);
                stop.ThrowIfCancellationRequested();
            }
            RequireOne();
            if (_length > moreThan)
            {
                return true;
            }
        }
        Check();
        return false;
    }

    private void Tell(Action change)
    {
        lock (_changes)
        {
            change();
            Monitor.PulseAll(_changes);
        }
    }

    private void RequireOne()
    {
        if (WasBegunAnew)
        {
            throw Anew();
        }
    }

    private LumosException Anew() => new(BegunAnew, $"the download of {System.IO.Path.GetFileName(path)} was begun anew");
}

/// <summary>What an <see cref="ArrivingFile"/> holds, from its beginning to its end, as it comes.</summary>
internal sealed class ArrivingStream(ArrivingFile file, FileDescriptor descriptor) : ReadOnlyStream
{
    /// <summary>Bytes read so far.</summary>
    public long Done { get; private set; }

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }
        while (true)
        {
            // Asked before the read: what comes between the two is read the next time.
            bool mayCome = Done < file.Size && !file.Download.IsCompleted;
            if (descriptor.Read(buffer) is var got and > 0)
            {
                Done += got;
                return got;
            }
            if (!mayCome || !file.Wait(Done))
            {
                return 0;
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            descriptor.Dispose();
        }
        base.Dispose(disposing);
    }
}
