using System.Text;
using Lumos.Core;

namespace Lumos.LiveImage.Archive;

/// <summary>
/// Writes a cpio archive in the "newc" form, which the kernel unpacks as initramfs. Entries come in the order they are
/// added, all owned by root, all with one time, numbered from 1: the same calls give the same bytes. Several archives may
/// stand one after the other when each is padded to 4 bytes, as <see cref="Finish"/> leaves it.
/// </summary>
public sealed class CpioWriter(Stream output, DateTimeOffset time)
{
    private const int Directory = 0x4000, Regular = 0x8000, Link = 0xA000, CharacterDevice = 0x2000;
    private readonly HashSet<string> _names = [];
    private uint _inode;
    private long _position;

    /// <summary>Adds a folder, and the folders above it that are not there yet.</summary>
    public void AddDirectory(string path, int mode = 0b111_101_101)
    {
        path = Clean(path);
        AddParents(path);
        if (path.Length > 0 && _names.Add(path))
        {
            Header(path, Directory | mode, 0);
        }
    }

    /// <summary>Adds a file with these bytes.</summary>
    public void AddFile(string path, byte[] content, int mode = 0b110_100_100)
    {
        using var stream = new MemoryStream(content);
        AddFile(path, stream, content.LongLength, mode);
    }

    /// <summary>Adds a file with the content of another.</summary>
    public void AddFile(string path, string source, int mode)
    {
        using var stream = File.OpenRead(source);
        AddFile(path, stream, stream.Length, mode);
    }

    /// <summary>Adds a symbolic link.</summary>
    public void AddLink(string path, string target)
    {
        path = Begin(path);
        byte[] bytes = Encoding.UTF8.GetBytes(target);
        Header(path, Link | 0b111_111_111, bytes.Length);
        Write(bytes);
        Pad();
    }

    /// <summary>Adds a character device.</summary>
    public void AddCharacterDevice(string path, int major, int minor, int mode) =>
        Header(Begin(path), CharacterDevice | mode, 0, major, minor);

    /// <summary>Writes the trailer. The stream stays open.</summary>
    public void Finish()
    {
        _inode = uint.MaxValue; // the trailer has inode 0
        Header("TRAILER!!!", 0, 0);
        output.Flush();
    }

    private void AddFile(string path, Stream content, long size, int mode)
    {
        path = Begin(path);
        if (size > uint.MaxValue)
        {
            throw new LumosException("FileTooBig", $"{path} is too big for a cpio archive: {size} bytes, at most {uint.MaxValue}");
        }
        Header(path, Regular | mode, size);
        byte[] buffer = new byte[1 << 20];
        long left = size;
        while (left > 0)
        {
            int read = content.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
            if (read == 0)
            {
                throw new EndOfStreamException($"{path} became shorter while it was archived");
            }
            Write(buffer.AsSpan(0, read));
            left -= read;
        }
        Pad();
    }

    private string Begin(string path)
    {
        path = Clean(path);
        AddParents(path);
        return _names.Add(path) ? path : throw new InvalidOperationException($"{path} is in the archive already");
    }

    private void AddParents(string path)
    {
        int slash = path.LastIndexOf('/');
        if (slash > 0)
        {
            AddDirectory(path[..slash]);
        }
    }

    private void Header(string path, int mode, long size, int major = 0, int minor = 0)
    {
        byte[] name = Encoding.UTF8.GetBytes(path + "\0");
        unchecked
        {
            _inode++;
        }
        bool trailer = mode == 0;
        int links = (mode & 0xF000) == Directory ? 2 : 1;
        long seconds = trailer ? 0 : time.ToUnixTimeSeconds();
        // magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
        string header = "070701" + string.Concat(new[] { _inode, mode, 0, 0, links, seconds, size, 0, 0, major, minor, name.Length, 0 }
            .Select(field => field.ToString("X8")));
        Write(Encoding.ASCII.GetBytes(header));
        Write(name);
        Pad();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        _position += bytes.Length;
    }

    private void Pad() => Write(new byte[(int)(-_position & 3)]);

    private static string Clean(string path) => path.Trim('/');
}
