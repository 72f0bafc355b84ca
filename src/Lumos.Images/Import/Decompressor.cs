using System.Buffers.Binary;
using System.IO.Compression;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Images.Files;
using Lumos.Linux;
using Lumos.Linux.Handles;

namespace Lumos.Images.Import;

/// <summary>
/// An image file as the plain stream it holds. How it is compressed is told by its first bytes, whatever its name or
/// manifest say. gzip is read here; bzip2, xz and zstd by their tools, which read the file themselves, and use no more memory than what an
/// ordinary file asks of them: bzip2 and zstd by themselves, xz because it is told. The framework takes a gzip
/// file that is cut short for one that ends there, so its own count at the end is compared. A file may still be on its way.
/// </summary>
internal sealed class Decompressor : IDisposable
{
    private const int GzipWarning = 2; // something follows that is no gzip: it ends all the same

    // xz -9 asks for 65 MiB; a file may say up to 4 GiB.
    private const string XzMemory = "--memlimit-decompress=512MiB";

    private readonly string _path;
    private readonly Stream _input;
    private readonly Func<long> _position, _length;
    private readonly RunningTool? _tool;
    private readonly ToolFeeder? _feeder;

    private Decompressor(string path, Stream input, (Func<long> Position, Func<long> Length) size, Stream output, RunningTool? tool, ToolFeeder? feeder = null)
    {
        (_path, _input, Output, _tool, _feeder) = (path, input, output, tool, feeder);
        (_position, _length) = size;
    }

    public Stream Output { get; }

    /// <summary>How far the file has been read, in bytes; null when a tool reads it by itself.</summary>
    public long? Position => _tool is null || _feeder is not null ? _position() : null;

    /// <summary>Bytes of the file; of one that is on its way, those it will have.</summary>
    public long Length => _length();

    public bool IsCompressed { get; private init; }

    public static Decompressor Open(string path)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 128 << 10);
        try
        {
            Span<byte> magic = stackalloc byte[6];
            int got = file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
            string? tool = Recognise(magic[..got]);
            file.Position = 0;
            (Func<long>, Func<long>) size = (() => file.Position, () => file.Length);
            if (tool is null or "gzip")
            {
                return Here(path, file, size, tool);
            }
            using var input = new FileDescriptor((int)file.SafeFileHandle.DangerousGetHandle(), owns: false);
            var running = RunningTool.Start(Words(tool), pipeOutput: true, input: input);
            return new Decompressor(path, file, size, new ToolStream(running, path), running) { IsCompressed = true };
        }
        catch (ErrnoException e)
        {
            file.Dispose();
            throw Failed(path, e);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The same of a file whose rest is still on its way.</summary>
    public static Decompressor Open(ArrivingFile file)
    {
        var arriving = file.Open();
        try
        {
            byte[] magic = new byte[6];
            int got = arriving.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
            string? tool = Recognise(magic.AsSpan(0, got));
            var input = new HeadedStream(magic[..got], arriving);
            (Func<long>, Func<long>) size = (() => arriving.Done, () => file.Size);
            if (tool is null or "gzip")
            {
                return Here(file.Path, input, size, tool);
            }
            var running = RunningTool.Start(Words(tool), pipeInput: true, pipeOutput: true);
            var feeder = new ToolFeeder(input, running);
            return new Decompressor(file.Path, arriving, size, new ToolStream(running, file.Path, feeder), running, feeder) { IsCompressed = true };
        }
        catch (ErrnoException e)
        {
            arriving.Dispose();
            throw Failed(file.Path, e);
        }
        catch
        {
            arriving.Dispose();
            throw;
        }
    }

    private static Decompressor Here(string path, Stream input, (Func<long>, Func<long>) size, string? tool) => new(
        path, input, size, tool is null ? input : new CountedStream(new GZipStream(input, CompressionMode.Decompress)), null) { IsCompressed = tool is not null };

    private static string[] Words(string tool) => [tool, "-dc", .. tool == "xz" ? [XzMemory] : Array.Empty<string>()];

    private static LumosException Failed(string path, ErrnoException e) => new("UncompressionError", $"cannot decompress {path}", inner: e);

    /// <summary>The tool that understands these first bytes; null: not compressed.</summary>
    public static string? Recognise(ReadOnlySpan<byte> magic) =>
        magic.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]) ? "gzip"
        : magic.StartsWith("BZh"u8) ? "bzip2"
        : magic.SequenceEqual((ReadOnlySpan<byte>)[0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]) ? "xz"
        : magic.StartsWith((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd]) ? "zstd"
        : null;

    /// <summary>Call at the end of <see cref="Output"/>: that of a gzip file cut short looks like any other.</summary>
    /// <exception cref="LumosException">UncompressionError.</exception>
    public void Finish()
    {
        // Files of several parts end with the count of the last one: those are rare, and gzip itself is asked about them.
        if (Output is CountedStream gzip && LastCount() != (uint)gzip.Count
            && Tool.Run("gzip", "--test", "--quiet", "--", _path) is { Status: not (0 or GzipWarning) } fault)
        {
            throw new LumosException("UncompressionError", $"cannot decompress {_path}", inner: new ToolException(fault));
        }
        _feeder?.Finish();
        if (_tool?.Finish() is { Succeeded: false } result)
        {
            throw Failed(_path, result);
        }
    }

    private static LumosException Failed(string path, ToolResult result) => new("UncompressionError", $"cannot decompress {path}", inner: new ToolException(result));

    private uint? LastCount()
    {
        try
        {
            using var file = FileDescriptorIo.Open(_path, OpenFlags.ReadOnly).IntoStream(FileAccess.Read);
            byte[] last = new byte[sizeof(uint)];
            return file.Length >= last.Length && RandomAccess.Read(file.SafeFileHandle, last, file.Length - last.Length) == last.Length
                ? BinaryPrimitives.ReadUInt32LittleEndian(last)
                : null;
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENOENT) // of a download that was wrong
        {
            throw Failed(_path, e);
        }
    }

    public void Dispose()
    {
        Output.Dispose();
        _tool?.Dispose(); // killed, if it is not done: whoever feeds it finds nobody then
        _feeder?.Dispose();
        _input.Dispose();
    }

    /// <summary>What a tool gives; where it fails, the end is a failure with its own words, and no end that somebody else wonders about.</summary>
    private sealed class ToolStream(RunningTool tool, string path, ToolFeeder? feeder = null) : ReadOnlyStream
    {
        private bool _ended;

        public override int Read(Span<byte> buffer)
        {
            int got = _ended || buffer.IsEmpty ? 0 : tool.Output!.Read(buffer);
            if (got == 0 && !buffer.IsEmpty && !_ended)
            {
                _ended = true;
                feeder?.Finish(); // what it could not be fed is why it failed
                if (tool.Finish() is { Succeeded: false } result)
                {
                    throw Failed(path, result);
                }
            }
            return got;
        }
    }

    private sealed class CountedStream(Stream inner) : ReadOnlyStream
    {
        public long Count { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            int got = inner.Read(buffer);
            Count += got;
            return got;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
