using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Microsoft.Win32.SafeHandles;

namespace Lumos.Images.Archives;

/// <summary>Makes one entry of an archive in the tree. What is there already is never written through: it goes first, or is refused.</summary>
internal sealed class EntryPlacer(
    HeldDirectory root, TarReader reader, UnpackOptions options, ArchiveFault fault, SkippedList skipped) : IDisposable
{
    /// <summary>Devices that every zone has in its own /dev: an archive that holds one elsewhere (for a chroot) loses nothing that matters.</summary>
    private static readonly HashSet<(uint Major, uint Minor)> _harmless = [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0)];

    private readonly EntryAttributes _attributes = new(fault, options.Limits, skipped);

    // Of directories, in the order in which the archive has them: given when nothing below changes any more.
    private readonly List<(byte[][] Path, SettledAttributes Attributes)> _directories = [];
    private long _kept;
    private readonly byte[] _buffer = new byte[256 << 10];

    // Where targets of hard links are looked for, so that the other one stays where entries are made.
    private readonly TreeCursor _links = new(root, options.IsLayer, fault, options.Limits);

    public required TreeCursor Cursor { get; init; }

    /// <summary>Null: the tree was empty.</summary>
    public required LowerLayers? Lower { get; init; }

    public long Files { get; private set; }

    public long Bytes { get; private set; }

    public long Directories => _directories.Count;

    public void Place(TarEntry entry, byte[][] path)
    {
        if (entry.Kind is TarEntryKind.CharacterDevice or TarEntryKind.BlockDevice)
        {
            Skip(entry, path);
            return;
        }
        if (path.Length == 0)
        {
            Keep(path, entry.Kind == TarEntryKind.Directory ? entry : throw fault.Refused(entry.Name, "stands for the root, and is no directory"));
            return;
        }
        _ = Cursor.Go(path.AsSpan(0, path.Length - 1), entry.Name, make: true);
        byte[] name = path[^1];
        if (entry.Kind == TarEntryKind.HardLink)
        {
            Link(entry, name);
        }
        else if (MakeRoom(entry, name))
        {
            Make(entry, name);
        }
        Lower?.MakeOwn(Cursor.KeyOf(name));
        if (entry.Kind == TarEntryKind.Directory)
        {
            Keep([.. Cursor.Path, name], entry);
        }
    }

    /// <summary>Of an entry what its directory is to get at the end, and not a byte more: an archive may have millions.</summary>
    private void Keep(byte[][] path, TarEntry entry)
    {
        var settled = _attributes.Settle(entry);
        if ((_kept += settled.Bytes + (IntPtr.Size * path.Length) + (path.Length == 0 ? 0 : path[^1].Length)) > options.Limits.MostKeptBytes)
        {
            throw fault.Refused(entry.Name, $"is a directory with whose attributes those of all take more than {options.Limits.MostKeptBytes} bytes");
        }
        _directories.Add((path, settled));
    }

    /// <summary>Owners, modes, attributes and times of all directories.</summary>
    public void FinishDirectories()
    {
        foreach (var (path, settled) in _directories)
        {
            if (Cursor.Go(path, settled.Entry, make: false))
            {
                _attributes.Apply(Cursor.Current.Handle, settled);
            }
        }
    }

    /// <summary>A directory has gone from the tree.</summary>
    public void ForgetPlaces() => _links.Reset();

    public void Dispose() => _links.Dispose();

    private void Skip(TarEntry entry, byte[][] path)
    {
        if (path.Length > 1 && path[0].AsSpan().SequenceEqual("dev"u8))
        {
            skipped.Add("devices below /dev, which a zone is given when it boots", entry.Name);
        }
        else if (entry.Kind == TarEntryKind.CharacterDevice && _harmless.Contains((entry.DeviceMajor, entry.DeviceMinor)))
        {
            skipped.Add("devices that a zone has in its own /dev", entry.Name);
        }
        else
        {
            throw fault.Refused(entry.Name, $"is a device ({entry.DeviceMajor}, {entry.DeviceMinor})");
        }
    }

    /// <summary>Takes away what is where an entry will be. False: it is a directory already, and stays.</summary>
    private bool MakeRoom(TarEntry entry, byte[] name)
    {
        if (Cursor.Current.Status(name) is not { } there)
        {
            return true;
        }
        bool isDirectory = there.Kind == FileKind.Directory, willBe = entry.Kind == TarEntryKind.Directory;
        if (isDirectory && willBe)
        {
            return false;
        }
        if (isDirectory == willBe)
        {
            Cursor.Current.Remove(name); // the last one counts, as with every unpacker
            return true;
        }
        if (Lower is null || Lower.IsOwn(Cursor.KeyOf(name)))
        {
            throw fault.Refused(entry.Name, isDirectory
                ? "is in the archive as a directory and then as something else"
                : "is a directory, and was something else before in the archive");
        }
        Lower.RemoveWhole(Cursor.Current, name, there);
        return true;
    }

    private void Make(TarEntry entry, byte[] name)
    {
        switch (entry.Kind)
        {
            case TarEntryKind.Directory:
                Cursor.Current.MakeDirectory(name, 0x1c0);
                break;
            case TarEntryKind.SymbolicLink:
                if (entry.Target.Length is 0 or > 4095)
                {
                    throw fault.Refused(entry.Name, "is a link whose text is empty or longer than a path");
                }
                Cursor.Current.MakeLink(name, entry.Target);
                _attributes.Apply(Cursor.Current, name, entry);
                break;
            case TarEntryKind.Fifo:
                Cursor.Current.MakeNode(name, FileKind.Fifo, 0x180);
                _attributes.Apply(Cursor.Current, name, entry);
                break;
            default:
                MakeFile(entry, name);
                break;
        }
    }

    private void MakeFile(TarEntry entry, byte[] name)
    {
        using var fd = Cursor.Current.MakeFile(name, 0x180);
        using var file = new SafeFileHandle(fd.Number, ownsHandle: false);
        foreach (var (offset, length) in entry.Extents)
        {
            for (long done = 0; done < length;)
            {
                int got = reader.ReadContent(_buffer.AsSpan(0, (int)Math.Min(_buffer.Length, length - done)));
                RandomAccess.Write(file, _buffer.AsSpan(0, got), offset + done);
                done += got;
            }
        }
        if (entry.Extents.Count == 0 || entry.Extents[^1] is var last && last.Offset + last.Length < entry.Size)
        {
            RandomAccess.SetLength(file, entry.Size);
        }
        _attributes.Apply(fd, _attributes.Settle(entry));
        Files++;
        Bytes += entry.Size;
    }

    private void Link(TarEntry entry, byte[] name)
    {
        var target = ArchivePath.ParseTarget(entry, options.IsLayer, fault, options.Limits);
        string shown = ArchiveFault.Shown(entry.Target);
        var status = _links.Go(target.AsSpan(0, target.Length - 1), entry.Name, make: false) ? _links.Current.Status(target[^1]) : null;
        if (status is null)
        {
            throw fault.Refused(entry.Name, $"is a hard link to \"{shown}\", which is not there");
        }
        if (status.Kind == FileKind.Directory)
        {
            throw fault.Refused(entry.Name, $"is a hard link to \"{shown}\", which is a directory");
        }
        if (Cursor.Current.Status(name) is { } there)
        {
            if (there.Inode == status.Inode)
            {
                return; // a further name for itself: it has it
            }
            _ = MakeRoom(entry, name);
        }
        try
        {
            _links.Current.Link(target[^1], Cursor.Current, name);
        }
        catch (ErrnoException e) when (e.Errno == Errno.EMLINK)
        {
            throw fault.Refused(entry.Name, $"is one name more for \"{shown}\" than a file may have here");
        }
    }
}
