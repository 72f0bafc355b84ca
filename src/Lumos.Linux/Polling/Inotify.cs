using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Polling;

/// <summary>Events of inotify(7), to ask for and to be told.</summary>
[Flags]
public enum FileEvents : uint
{
    None = 0,
    Modified = Libc.IN_MODIFY,
    AttributesChanged = Libc.IN_ATTRIB,
    ClosedAfterWrite = Libc.IN_CLOSE_WRITE,
    MovedFrom = Libc.IN_MOVED_FROM,
    MovedTo = Libc.IN_MOVED_TO,
    Created = Libc.IN_CREATE,
    Deleted = Libc.IN_DELETE,
    SelfDeleted = Libc.IN_DELETE_SELF,
    SelfMoved = Libc.IN_MOVE_SELF,

    /// <summary>Told only: the file system was unmounted.</summary>
    Unmounted = Libc.IN_UNMOUNT,

    /// <summary>Told only, with watch −1: events were lost; look at everything again.</summary>
    Overflow = Libc.IN_Q_OVERFLOW,

    /// <summary>Told only: the watch is gone.</summary>
    Ignored = Libc.IN_IGNORED,

    /// <summary>Asked for only: refuse what is not a directory.</summary>
    OnlyDirectory = Libc.IN_ONLYDIR,

    /// <summary>Told only: the name is a directory.</summary>
    IsDirectory = Libc.IN_ISDIR,
}

/// <summary>One event. <paramref name="Name"/> is the entry in a watched directory; empty for the watched thing itself.</summary>
public readonly record struct FileEvent(int Watch, string Name, FileEvents Events);

/// <summary>inotify: tells changes of files and directories through a readable descriptor.</summary>
public sealed unsafe class Inotify : IDisposable
{
    private readonly byte[] _buffer = new byte[16384];

    private Inotify(FileDescriptor fd) => Descriptor = fd;

    public FileDescriptor Descriptor { get; }

    public static Inotify Create() => new(new FileDescriptor(SystemCall.Checked(
        Libc.inotify_init1(Libc.IN_CLOEXEC | Libc.IN_NONBLOCK), "inotify_init1")));

    /// <summary>Watches a file or directory; watching it again changes the events and returns the same number.</summary>
    public int Watch(string path, FileEvents events) =>
        SystemCall.Checked(Libc.inotify_add_watch(Descriptor.Number, path, (uint)events), $"watch {path}");

    /// <summary>Watches no more; a watch that is gone already is no error.</summary>
    public void Unwatch(int watch) => _ = Libc.inotify_rm_watch(Descriptor.Number, watch);

    /// <summary>All events at hand; empty when there are none.</summary>
    public IReadOnlyList<FileEvent> Read()
    {
        var events = new List<FileEvent>();
        int got;
        while ((got = Descriptor.Read(_buffer)) > 0)
        {
            fixed (byte* start = _buffer)
            {
                for (byte* at = start; at < start + got;)
                {
                    var e = (Libc.inotify_event*)at;
                    var name = new ReadOnlySpan<byte>(at + sizeof(Libc.inotify_event), (int)e->len);
                    int end = name.IndexOf((byte)0);
                    events.Add(new FileEvent(e->wd, Encoding.UTF8.GetString(end < 0 ? name : name[..end]), (FileEvents)e->mask));
                    at += sizeof(Libc.inotify_event) + e->len;
                }
            }
        }
        return events;
    }

    public void Dispose() => Descriptor.Dispose();
}
