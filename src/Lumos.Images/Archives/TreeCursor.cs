using System.Security.Cryptography;
using Lumos.Linux;
using Lumos.Linux.Files;

namespace Lumos.Images.Archives;

/// <summary>
/// A place in the tree that is unpacked: the directories from the root down to it, each held open and opened by its one name in
/// the one above, never through a link. Archives go through a tree in its order, so most entries find their directory open.
/// Links among directories of layers below are followed by reading their text and walking it here, where ".." stops at the root.
/// </summary>
internal sealed class TreeCursor(HeldDirectory root, bool followLinks, ArchiveFault fault, ArchiveLimits limits) : IDisposable
{
    private const int MostLinks = 40;

    private readonly List<(byte[] Name, HeldDirectory Directory, UInt128 Key)> _open = [];

    /// <summary>Called with the key of each directory that is walked through or made on the way to an entry.</summary>
    public Action<UInt128>? Walked { get; init; }

    public HeldDirectory Current => _open.Count > 0 ? _open[^1].Directory : root;

    /// <summary>The current directory's real path, links resolved.</summary>
    public byte[][] Path => [.. _open.Select(o => o.Name)];

    private UInt128 Key => _open.Count > 0 ? _open[^1].Key : UInt128.Zero;

    /// <summary>What stands for an entry of the current directory in a set of paths.</summary>
    public UInt128 KeyOf(ReadOnlySpan<byte> name) => KeyBelow(Key, name);

    public static UInt128 KeyBelow(UInt128 directory, ReadOnlySpan<byte> name)
    {
        Span<byte> input = stackalloc byte[16 + HeldDirectory.LongestName];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(input, directory);
        name.CopyTo(input[16..]);
        Span<byte> sum = stackalloc byte[32];
        SHA256.HashData(input[..(16 + name.Length)], sum);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(sum);
    }

    /// <summary>Goes to a directory.</summary>
    /// <param name="path">Its parts.</param>
    /// <param name="entry">The entry that wants to go there, for messages.</param>
    /// <param name="make">Make what is missing; else a missing one is answered with false, and the place is nowhere in particular.</param>
    public bool Go(ReadOnlySpan<byte[]> path, byte[] entry, bool make)
    {
        int same = 0;
        while (same < path.Length && same < _open.Count && path[same].AsSpan().SequenceEqual(_open[same].Name))
        {
            same++;
        }
        CloseFrom(same);
        var ahead = new Stack<byte[]>();
        for (int i = path.Length - 1; i >= same; i--)
        {
            ahead.Push(path[i]);
        }
        int links = 0;
        while (ahead.TryPop(out byte[]? name))
        {
            if (name.AsSpan().SequenceEqual(".."u8)) // only of a link's text
            {
                CloseFrom(_open.Count > 0 ? _open.Count - 1 : throw fault.Refused(entry, "goes through a link that leads out of the root"));
            }
            else if (!TryEnter(name))
            {
                var status = Current.Status(name);
                if (status is null)
                {
                    if (!make)
                    {
                        return false;
                    }
                    Current.MakeDirectory(name, 0x1ed);
                    Current.SetMode(name, 0x1ed); // whatever the umask is
                    _ = TryEnter(name);
                }
                else if (status.Kind == FileKind.Link && followLinks)
                {
                    Follow(name, entry, ahead, ref links);
                }
                else
                {
                    throw fault.Refused(entry, status.Kind == FileKind.Link
                        ? $"would be written through the link \"{Shown(name)}\""
                        : $"lies below \"{Shown(name)}\", which is no directory");
                }
            }
        }
        for (int i = 0; Walked is not null && i < _open.Count; i++)
        {
            Walked(_open[i].Key);
        }
        return true;
    }

    /// <summary>Forgets where it is: to be called when a directory has been removed or replaced elsewhere.</summary>
    public void Reset() => CloseFrom(0);

    public void Dispose() => CloseFrom(0);

    private bool TryEnter(byte[] name)
    {
        if (_open.Count >= limits.MostDepth)
        {
            throw fault.Refused(name, $"lies deeper than the {limits.MostDepth} levels that are allowed");
        }
        try
        {
            _open.Add((name, Current.OpenDirectory(name), KeyOf(name)));
            return true;
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
        {
            return false;
        }
    }

    private void Follow(byte[] name, byte[] entry, Stack<byte[]> ahead, ref int links)
    {
        if (++links > MostLinks)
        {
            throw fault.Refused(entry, $"goes through more than {MostLinks} links");
        }
        byte[] text = Current.LinkText(name);
        if (text.AsSpan().StartsWith("/"u8))
        {
            CloseFrom(0);
        }
        var parts = new List<byte[]>();
        foreach (var range in text.AsSpan().Split((byte)'/'))
        {
            var part = text.AsSpan()[range];
            if (!part.IsEmpty && !part.SequenceEqual("."u8))
            {
                parts.Add(part.ToArray());
            }
        }
        for (int i = parts.Count - 1; i >= 0; i--)
        {
            ahead.Push(parts[i]);
        }
    }

    private string Shown(byte[] name) => ArchiveFault.Shown([.. _open.SelectMany(o => (byte[])[.. o.Name, (byte)'/']), .. name]);

    private void CloseFrom(int depth)
    {
        for (int i = _open.Count - 1; i >= depth; i--)
        {
            _open[i].Directory.Dispose();
            _open.RemoveAt(i);
        }
    }
}
