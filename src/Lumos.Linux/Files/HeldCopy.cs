using System.Globalization;
using System.Text;
using Lumos.Linux.Handles;

namespace Lumos.Linux.Files;

/// <summary>
/// Copies a tree that is somebody else's, who may change it meanwhile: from one held directory into another, entry by entry and by
/// name alone, so that no link is followed at either end. Kept are owners, modes, times, extended attributes (access lists and file
/// capabilities among them), several names of one file, holes, FIFOs, sockets and devices; blocks are shared where the file
/// system can share them.
/// </summary>
/// <param name="links">An empty directory of ours on the target's file system, emptied again: further names of files that have several.</param>
public sealed class HeldCopy(HeldDirectory links)
{
    /// <summary>Each level holds two directories open. A path that can be named as a whole has no more.</summary>
    public const int MostDepth = 2048;

    private readonly HashSet<(uint, uint, ulong)> _known = [];

    /// <summary>Copies what is in a directory, and what the directory itself bears, to one that is empty.</summary>
    /// <exception cref="ErrnoException">ENOSPC, EDQUOT …: what is there already stays, for the caller to remove.</exception>
    public void Copy(HeldDirectory from, HeldDirectory to)
    {
        try
        {
            CopyDirectory(from, to, depth: 0);
        }
        finally
        {
            links.RemoveContent();
        }
    }

    private void CopyDirectory(HeldDirectory from, HeldDirectory to, int depth)
    {
        if (depth > MostDepth)
        {
            throw new ErrnoException($"copy what lies more than {MostDepth} directories deep", Errno.ENAMETOOLONG);
        }
        foreach (byte[] name in from.Names())
        {
            if (from.Status(name) is not { } status)
            {
                continue; // gone since
            }
            switch (status.Kind)
            {
                case FileKind.Directory:
                    to.MakeDirectory(name, 0x1c0);
                    using (HeldDirectory source = from.OpenDirectory(name), target = to.OpenDirectory(name))
                    {
                        CopyDirectory(source, target, depth + 1);
                    }
                    break;
                case FileKind.Regular:
                    CopyFile(from, to, name);
                    break;
                default:
                    if (!IsAnotherName(to, name, status))
                    {
                        Make(from, to, name, status);
                        Remember(to, name, status);
                    }
                    break;
            }
        }
        Bear(from.Handle, to.Handle, FileStatus.Of(from.Handle));
    }

    private void CopyFile(HeldDirectory from, HeldDirectory to, byte[] name)
    {
        using var source = from.OpenFile(name, OpenFlags.ReadOnly | OpenFlags.NonBlocking); // should it be a FIFO by now
        var status = FileStatus.Of(source);
        if (status.Kind != FileKind.Regular)
        {
            throw new ErrnoException($"copy {Encoding.UTF8.GetString(name)}, which is another file now", Errno.EINVAL);
        }
        if (IsAnotherName(to, name, status))
        {
            return;
        }
        using var target = to.MakeFile(name, 0x180);
        for (var data = source.NextData(0); data is { } range && range.Start < status.Size; data = source.NextData(range.End))
        {
            source.CopyRange(target, range.Start, Math.Min(range.End, status.Size));
        }
        target.SetLength(status.Size);
        Bear(source, target, status);
        Remember(to, name, status);
    }

    private static void Make(HeldDirectory from, HeldDirectory to, byte[] name, FileStatus status)
    {
        if (status.Kind == FileKind.Link)
        {
            to.MakeLink(name, from.LinkText(name));
        }
        else
        {
            to.MakeNode(name, status.Kind, 0x180, status.DeviceMajor, status.DeviceMinor);
        }
        to.SetOwner(name, status.User, status.Group);
        if (status.Kind != FileKind.Link)
        {
            to.SetMode(name, status.Mode);
        }
        to.SetTimes(name, TimeOf(status), TimeOf(status));
    }

    // After chown, which clears set-id bits and capabilities; the time last, which all else changes.
    private static void Bear(FileDescriptor from, FileDescriptor to, FileStatus status)
    {
        to.SetOwner(status.User, status.Group);
        to.SetMode(status.Mode);
        foreach (byte[] name in from.AttributeNames())
        {
            from.CopyAttribute(to, name);
        }
        to.SetTimes(TimeOf(status), TimeOf(status));
    }

    private bool IsAnotherName(HeldDirectory to, byte[] name, FileStatus status)
    {
        if (status.Links < 2 || !_known.Contains(Key(status)))
        {
            return false;
        }
        links.Link(Label(status), to, name);
        return true;
    }

    private void Remember(HeldDirectory to, byte[] name, FileStatus status)
    {
        if (status.Links > 1 && _known.Add(Key(status)))
        {
            to.Link(name, links, Label(status));
        }
    }

    private static (uint, uint, ulong) Key(FileStatus status) => (status.FsMajor, status.FsMinor, status.Inode);

    private static byte[] Label(FileStatus status) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{status.FsMajor}-{status.FsMinor}-{status.Inode}"));

    private static FileTime TimeOf(FileStatus status)
    {
        long ticks = status.Modified.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks, seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out long rest);
        return rest < 0 ? new FileTime(seconds - 1, (int)(rest + TimeSpan.TicksPerSecond) * 100) : new FileTime(seconds, (int)rest * 100);
    }
}
