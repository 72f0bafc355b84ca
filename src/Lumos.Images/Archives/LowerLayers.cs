using Lumos.Linux.Files;

namespace Lumos.Images.Archives;

/// <summary>
/// What is in the tree already when a layer is put over it, and how the layer takes it away: ".wh.NAME" removes NAME, and
/// ".wh..wh..opq" all there is in a directory, of the layers below and never of its own, in whatever order its entries come.
/// </summary>
internal sealed class LowerLayers(TreeCursor cursor, ArchiveFault fault)
{
    private readonly HashSet<UInt128> _own = [];

    /// <summary>Called when a directory of the tree has gone.</summary>
    public required Action DirectoryGone { get; init; }

    /// <summary>Whether the layer itself has said something of this path, or of what lies below it.</summary>
    public bool IsOwn(UInt128 key) => _own.Contains(key);

    public void MakeOwn(UInt128 key) => _own.Add(key);

    /// <summary>Carries an entry out when it is a whiteout; false: it is none.</summary>
    public bool TryApply(TarEntry entry, byte[][] path)
    {
        if (!Array.Exists(path, p => IsWhiteout(p)))
        {
            return false;
        }
        // What AUFS, where whiteouts come from, kept for itself: appliers pass it over.
        if (path[0].AsSpan().SequenceEqual(".wh..wh.plnk"u8) || path[^1].AsSpan().SequenceEqual(".wh..wh.aufs"u8) || path[0].AsSpan().SequenceEqual(".wh..wh.orph"u8))
        {
            return true;
        }
        if (path.SkipLast(1).Any(p => IsWhiteout(p)))
        {
            throw fault.Refused(entry.Name, "lies below a whiteout");
        }
        if (entry.Kind != TarEntryKind.File)
        {
            throw fault.Refused(entry.Name, "is a whiteout that is no file");
        }
        byte[] name = path[^1][4..];
        bool opaque = name.AsSpan().SequenceEqual(".wh..opq"u8);
        if (!opaque && (IsWhiteout(name) || !HeldDirectory.IsName(name)))
        {
            throw fault.Refused(entry.Name, "is a whiteout of no name in its directory");
        }
        if (!cursor.Go(path.AsSpan(0, path.Length - 1), entry.Name, make: false))
        {
            return true; // of a directory that is not there
        }
        if (opaque)
        {
            RemoveContent(cursor.Current, cursor.KeyOf);
        }
        else if (cursor.Current.Status(name) is { } status)
        {
            Remove(cursor.Current, name, status, cursor.KeyOf(name));
        }
        return true;
    }

    /// <summary>Removes an entry whole, whatever it is.</summary>
    public void RemoveWhole(HeldDirectory directory, byte[] name, FileStatus status)
    {
        if (status.Kind != FileKind.Directory)
        {
            directory.Remove(name);
            return;
        }
        using (var inner = directory.OpenDirectory(name))
        {
            inner.RemoveContent();
        }
        directory.RemoveDirectory(name);
        DirectoryGone();
    }

    private void Remove(HeldDirectory directory, byte[] name, FileStatus status, UInt128 key)
    {
        if (!IsOwn(key))
        {
            RemoveWhole(directory, name, status);
        }
        else if (status.Kind == FileKind.Directory)
        {
            using var inner = directory.OpenDirectory(name);
            RemoveContent(inner, child => TreeCursor.KeyBelow(key, child));
        }
    }

    private void RemoveContent(HeldDirectory directory, KeyOf keyOf)
    {
        foreach (byte[] name in directory.Names())
        {
            if (directory.Status(name) is { } status)
            {
                Remove(directory, name, status, keyOf(name));
            }
        }
    }

    private static bool IsWhiteout(ReadOnlySpan<byte> name) => name.StartsWith(".wh."u8);

    private delegate UInt128 KeyOf(ReadOnlySpan<byte> name);
}
