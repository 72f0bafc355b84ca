using Lumos.Core;
using Lumos.Images.Import;

namespace Lumos.Images.Files;

/// <summary>A file that is looked into, decompressed where it is compressed.</summary>
internal sealed class ContentFile : IDisposable
{
    private readonly Decompressor _decompressor;

    private ContentFile(string path, Decompressor decompressor, byte[] head)
    {
        Path = path;
        _decompressor = decompressor;
        Head = head;
        Format = FileFormats.Recognise(head);
        Content = new HeadedStream(head, decompressor.Output);
    }

    public string Path { get; }

    /// <summary>For messages.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    public FileFormat Format { get; }

    /// <summary>The first bytes of what it holds.</summary>
    public byte[] Head { get; }

    /// <summary>All of what it holds, once.</summary>
    public Stream Content { get; }

    public bool IsCompressed => _decompressor.IsCompressed;

    /// <summary>Bytes of the file as it is.</summary>
    public long Length => _decompressor.Length;

    public static ContentFile Open(string path) => Open(path, Decompressor.Open(path));

    /// <summary>One whose rest is on its way.</summary>
    public static ContentFile Open(ArrivingFile file) => Open(file.Path, Decompressor.Open(file));

    private static ContentFile Open(string path, Decompressor decompressor)
    {
        try
        {
            byte[] head = new byte[FileFormats.HeadLength];
            int got = decompressor.Output.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            if (got == 0)
            {
                decompressor.Finish();
                throw new LumosException("InvalidImage", $"{path} is empty");
            }
            return new ContentFile(path, decompressor, head[..got]);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            decompressor.Dispose();
            throw new LumosException("UncompressionError", $"{path} cannot be decompressed", inner: e);
        }
        catch
        {
            decompressor.Dispose();
            throw;
        }
    }

    /// <summary>Reads on, for a copy.</summary>
    /// <exception cref="LumosException">UncompressionError.</exception>
    public int Read(Span<byte> buffer)
    {
        try
        {
            return Content.Read(buffer);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new LumosException("UncompressionError", $"{Path} cannot be decompressed", inner: e);
        }
    }

    /// <summary>To be called at the end of <see cref="Content"/>: an end that a decompressor cut short looks like any other.</summary>
    public void Finish() => _decompressor.Finish();

    /// <summary>How far the file has been read, of how much; the total is 0 where only what came out is known.</summary>
    public (long Done, long Total) Progress(long given) => _decompressor.Position is { } position ? (position, Length) : (given, 0);

    public void Dispose() => _decompressor.Dispose();
}
