using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux;

namespace Lumos.Images.Create;

/// <summary>How an image's file is compressed.</summary>
/// <param name="Word">As manifests and <c>-c</c> have it.</param>
/// <param name="Ending">Of the file's name.</param>
public sealed record ImageCompression(string Word, string Ending)
{
    public static readonly IReadOnlyList<ImageCompression> All =
        [new("none", ""), new("gzip", ".gz"), new("bzip2", ".bz2"), new("xz", ".xz"), new("zstd", ".zst")];

    /// <exception cref="UsageException">An unknown word.</exception>
    public static ImageCompression Parse(string word) => All.FirstOrDefault(c => c.Word == word)
        ?? throw new UsageException($"-c {word} is not one of {string.Join(", ", All.Select(c => c.Word))}");
}

/// <summary>Writes a stream into an image's file, compressed, and takes its sums on the way.</summary>
internal static class ImageFileWriter
{
    private const int Block = 256 << 10;

    /// <param name="stream">Read to its end.</param>
    /// <param name="progress">Bytes read so far.</param>
    /// <returns>What the manifest says of the file.</returns>
    /// <exception cref="LumosException">CompressionError, or the file cannot be written.</exception>
    public static JsonObject Write(Stream stream, string path, ImageCompression compression, Action<long> progress)
    {
        using var file = new SummedFile(path);
        switch (compression.Word)
        {
            case "none":
                Copy(stream, file, progress);
                break;
            case "gzip":
                using (var gzip = new GZipStream(file, CompressionLevel.Optimal, leaveOpen: true))
                {
                    Copy(stream, gzip, progress);
                }
                break;
            default:
                ByTool(stream, file, compression.Word, progress);
                break;
        }
        return file.Finish(compression.Word);
    }

    // The tool is fed by this thread and drained by another, so that neither waits for the other.
    private static void ByTool(Stream stream, SummedFile file, string tool, Action<long> progress)
    {
        try
        {
            using var running = RunningTool.Start([tool, "-cq"], pipeInput: true, pipeOutput: true);
            var drained = Task.Factory.StartNew(() => Copy(running.Output!, file, _ => { }), TaskCreationOptions.LongRunning);
            try
            {
                Copy(stream, running.Input!, progress);
                running.Input!.Dispose();
                drained.GetAwaiter().GetResult();
            }
            catch (IOException) when (drained.IsFaulted)
            {
                drained.GetAwaiter().GetResult(); // the disk was full, and the broken pipe only its echo
            }
            if (running.Finish() is { Succeeded: false } result)
            {
                throw new LumosException("CompressionError", $"{tool} cannot compress the image", inner: new ToolException(result));
            }
        }
        catch (ErrnoException e)
        {
            throw new LumosException("CompressionError", $"{tool} cannot be started", inner: e);
        }
    }

    private static void Copy(Stream from, Stream to, Action<long> progress)
    {
        var block = new byte[Block];
        long done = 0;
        while (from.Read(block) is var got and > 0)
        {
            to.Write(block, 0, got);
            done += got;
            progress(done);
        }
    }

    /// <summary>A file whose bytes are counted and summed as they are written.</summary>
    private sealed class SummedFile(string path) : WriteOnlyStream
    {
        private readonly FileStream _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        private readonly IncrementalHash _sha1 = IncrementalHash.CreateHash(HashAlgorithmName.SHA1), _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private long _size;

        public JsonObject Finish(string compression)
        {
            _file.Flush(flushToDisk: true);
            return new JsonObject
            {
                ["sha1"] = Convert.ToHexStringLower(_sha1.GetHashAndReset()),
                ["sha256"] = Convert.ToHexStringLower(_sha256.GetHashAndReset()),
                ["size"] = _size,
                ["compression"] = compression,
            };
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _file.Write(buffer);
            _sha1.AppendData(buffer);
            _sha256.AppendData(buffer);
            _size += buffer.Length;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _file.Dispose();
                _sha1.Dispose();
                _sha256.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
