using System.Buffers.Binary;
using System.IO.Compression;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux;
using Lumos.Linux.Handles;

namespace Lumos.Images.Import;

/// <summary>
/// An image file as the plain stream it holds. How it is compressed is told by its first bytes, whatever its name or
/// manifest say. gzip is read here; bzip2, xz and zstd by their tools, which read the file themselves, and use no more memory than what an
/// ordinary file asks of them: bzip2 and zstd by themselves, xz because it is told. The framework takes a gzip
/// file that is cut short for one that ends there, so its own count at the end is compared.
/// </summary>
internal sealed class Decompressor : IDisposable
{
    private const int GzipWarning = 2; // something follows that is no gzip: it ends all the same

    // xz -9 asks for 65 MiB; a file may say up to 4 GiB.
    private const string XzMemory = "--memlimit-decompress=512MiB";

    private readonly FileStream _file;
    private readonly RunningTool? _tool;

    private Decompressor(FileStream file, Stream output, RunningTool? tool)
    {
        _file = file;
        Output = output;
        _tool = tool;
    }

    public Stream Output { get; }

    /// <summary>How far the file has been read, in bytes; null when a tool reads it.</summary>
    public long? Position => _tool is null ? _file.Position : null;

    public long Length => _file.Length;

    public bool IsCompressed => Output != _file;

    public static Decompressor Open(string path)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 128 << 10);
        try
        {
            Span<byte> magic = stackalloc byte[6];
            int got = file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
            string? tool = Recognise(magic[..got]);
            file.Position = 0;
            if (tool is null or "gzip")
            {
                return new Decompressor(file, tool is null ? file : new CountedStream(new GZipStream(file, CompressionMode.Decompress)), null);
            }
            using var input = new FileDescriptor((int)file.SafeFileHandle.DangerousGetHandle(), owns: false);
            var running = RunningTool.Start([tool, "-dc", .. tool == "xz" ? [XzMemory] : Array.Empty<string>()], pipeOutput: true, input: input);
            return new Decompressor(file, new ToolStream(running, path), running);
        }
        catch (ErrnoException e)
        {
            file.Dispose();
            throw new LumosException("UncompressionError", $"cannot decompress {path}", inner: e);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

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
            && Tool.Run("gzip", "--test", "--quiet", "--", _file.Name) is { Status: not (0 or GzipWarning) } fault)
        {
            throw new LumosException("UncompressionError", $"cannot decompress {_file.Name}", inner: new ToolException(fault));
        }
        if (_tool?.Finish() is { Succeeded: false } result)
        {
            throw Failed(_file.Name, result);
        }
    }

    private static LumosException Failed(string path, ToolResult result) => new("UncompressionError", $"cannot decompress {path}", inner: new ToolException(result));

    private uint? LastCount()
    {
        byte[] last = new byte[sizeof(uint)];
        return _file.Length >= last.Length && RandomAccess.Read(_file.SafeFileHandle, last, _file.Length - last.Length) == last.Length
            ? BinaryPrimitives.ReadUInt32LittleEndian(last)
            : null;
    }

    public void Dispose()
    {
        Output.Dispose();
        _tool?.Dispose();
        _file.Dispose();
    }

    /// <summary>What a tool gives; where it fails, the end is a failure with its own words, and no end that somebody else wonders about.</summary>
    private sealed class ToolStream(RunningTool tool, string path) : ReadOnlyStream
    {
        private bool _ended;

        public override int Read(Span<byte> buffer)
        {
            int got = _ended || buffer.IsEmpty ? 0 : tool.Output!.Read(buffer);
            if (got == 0 && !buffer.IsEmpty && !_ended)
            {
                _ended = true;
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
