using System.Text;
using Lumos.Core;
using Lumos.Images.Archives;
using Lumos.Images.Import;
using Lumos.Images.Store;

namespace Lumos.Images.Oci;

/// <summary>
/// The files of a tar archive, looked up by name and read where they lie; nothing is unpacked. One that is compressed as a whole is
/// decompressed into the folder of downloads first.
/// </summary>
internal sealed class TarContents : IDisposable
{
    private const int MostLinks = 8;

    // An image has some files a layer, with names of a digest's length: their names are kept in memory.
    private const int MostEntries = 1 << 16, MostNameBytes = 1024;

    private readonly Dictionary<string, (long Offset, long Length)> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _links = new(StringComparer.Ordinal);
    private readonly string _path;
    private readonly FileStream _file;

    /// <exception cref="LumosException">FileNotFound, ArchiveDamaged, UncompressionError</exception>
    public TarContents(string path, ImagePaths paths, CancellationToken stop = default)
    {
        if (!File.Exists(path))
        {
            throw new LumosException("FileNotFound", $"there is no file {path}{(Directory.Exists(path) ? $"; of a folder it would be oci:{path}" : "")}");
        }
        _path = path;
        _file = IsCompressed(path) ? Decompress(path, paths, stop) : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        try
        {
            Scan(stop);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    public bool Has(string name) => Find(name) is not null;

    /// <summary>A small file whole; null: there is none.</summary>
    public byte[]? Read(string name, int most)
    {
        if (Find(name) is not { } at)
        {
            return null;
        }
        if (at.Length > most)
        {
            throw new LumosException("InvalidImage", $"{_path}: {name} has {at.Length} bytes; {most} are the most that make sense");
        }
        byte[] bytes = new byte[at.Length];
        lock (_files)
        {
            _file.Position = at.Offset;
            _file.ReadExactly(bytes);
        }
        return bytes;
    }

    /// <summary>Its first bytes; fewer where it has no more.</summary>
    public byte[] Peek(string name, int count)
    {
        var at = Find(name)!.Value;
        byte[] bytes = new byte[Math.Min(count, at.Length)];
        lock (_files)
        {
            _file.Position = at.Offset;
            _file.ReadExactly(bytes);
        }
        return bytes;
    }

    public long? Length(string name) => Find(name)?.Length;

    /// <summary>Reads a file through, block by block.</summary>
    public void Read(string name, Action<ReadOnlySpan<byte>> block)
    {
        var at = Find(name)!.Value;
        byte[] buffer = new byte[256 << 10];
        for (long done = 0; done < at.Length;)
        {
            int got;
            lock (_files)
            {
                _file.Position = at.Offset + done;
                got = _file.Read(buffer, 0, (int)Math.Min(buffer.Length, at.Length - done));
            }
            if (got == 0)
            {
                throw new LumosException("ArchiveDamaged", $"{_path} was cut short while it was read");
            }
            block(buffer.AsSpan(0, got));
            done += got;
        }
    }

    private (long Offset, long Length)? Find(string name)
    {
        for (int hops = 0; hops < MostLinks; hops++)
        {
            if (_files.TryGetValue(name, out var at))
            {
                return at;
            }
            if (!_links.TryGetValue(name, out string? target))
            {
                return null;
            }
            name = target;
        }
        return null;
    }

    private void Scan(CancellationToken stop)
    {
        var reader = new TarReader(_file, new ArchiveFault(_path), new ArchiveLimits { MostEntries = MostEntries }, packedBytes: null);
        while (reader.Next() is { } entry)
        {
            stop.ThrowIfCancellationRequested();
            if (entry.Name.Length > MostNameBytes || entry.Target.Length > MostNameBytes || Normal("", Encoding.UTF8.GetString(entry.Name)) is not { } name)
            {
                continue; // nothing that we look for has such a name
            }
            switch (entry.Kind)
            {
                case TarEntryKind.File when entry.Extents is [] or [{ Offset: 0 }]:
                    _files[name] = (_file.Position, entry.Size);
                    break;
                // An old "docker save" has a layer once, and links to it from where it is used again.
                case TarEntryKind.SymbolicLink when Normal(name[..(name.LastIndexOf('/') + 1)], Encoding.UTF8.GetString(entry.Target)) is { } target:
                    _links[name] = target;
                    break;
                case TarEntryKind.HardLink when Normal("", Encoding.UTF8.GetString(entry.Target)) is { } target:
                    _links[name] = target;
                    break;
            }
        }
    }

    // A name in the archive; null: it leads out of it.
    private static string? Normal(string folder, string name)
    {
        var parts = new List<string>();
        foreach (string part in (folder + name).Split('/'))
        {
            if (part == ".." && parts.Count == 0)
            {
                return null;
            }
            if (part == "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("" or "."))
            {
                parts.Add(part);
            }
        }
        return string.Join('/', parts);
    }

    private static bool IsCompressed(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        Span<byte> magic = stackalloc byte[6];
        return Decompressor.Recognise(magic[..file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false)]) is not null;
    }

    /// <summary>A copy that has no name as soon as it is open: whatever ends us, nothing of it stays.</summary>
    private static FileStream Decompress(string path, ImagePaths paths, CancellationToken stop)
    {
        string target = Path.Combine(DownloadFolder.Make(paths), $"archive-{Guid.NewGuid():N}.tar");
        var limits = new ArchiveLimits();
        var file = new FileStream(target, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        try
        {
            File.Delete(target);
            using var decompressor = Decompressor.Open(path);
            long most = Math.Max(limits.FreeBytes, decompressor.Length * limits.MostRatio);
            long room = RoomCheck.LeftForDownloads(paths);
            byte[] block = new byte[256 << 10];
            while (decompressor.Output.Read(block) is var got and > 0)
            {
                stop.ThrowIfCancellationRequested();
                if (file.Position + got > room)
                {
                    throw new LumosException("NoSpace", $"{path} does not fit into {paths.Downloads} while it is read: {new ByteCount(room)} are left there");
                }
                file.Write(block, 0, got);
                if (file.Position > most)
                {
                    throw new LumosException("ArchiveRefused", $"archive {path} is refused: {decompressor.Length} bytes become more than {most}");
                }
            }
            decompressor.Finish();
            file.Position = 0;
            return file;
        }
        catch (Exception e)
        {
            file.Dispose();
            throw e is InvalidDataException ? new LumosException("UncompressionError", $"{path} cannot be decompressed", inner: e) : e;
        }
    }
}
