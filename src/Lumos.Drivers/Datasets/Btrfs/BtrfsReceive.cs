using System.Buffers.Binary;
using System.Security.Cryptography;
using Lumos.Core;
using Lumos.Drivers.Datasets.ZfsStream;
using Lumos.Drivers.Tools;
using Lumos.Linux;
using Lumos.Linux.Handles;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>
/// A receive under way. What is written to <see cref="Input"/> goes through a pipe to a thread that takes the envelope apart,
/// feeds each snapshot to btrfs receive in the folder of a dataset that does not exist yet, and lets it come to be when
/// the last byte has been seen and found whole.
/// </summary>
internal sealed class BtrfsReceive : IDatasetReceive
{
    private readonly string _name;
    private readonly Thread _thread;
    private readonly Stream _feed;
    private Exception? _failure;
    private bool _finished;
    private readonly CancellationTokenSource _abandoned = new();

    /// <param name="take">Reads the stream to its end and says, by <see cref="Reader.IsWhole"/>, when it may act on it.</param>
    public BtrfsReceive(string name, Action<Reader> take)
    {
        _name = name;
        var pipe = Pipe.Create();
        var input = pipe.OpenRead();
        _feed = pipe.OpenWrite();
        Input = new Feed(this);
        _thread = new Thread(() =>
        {
            using (input) // closed early, it stops whoever writes
            {
                try
                {
                    take(new Reader(input, _abandoned.Token));
                }
                catch (FormatException e)
                {
                    _failure = DatasetException.Stream(_name, $"was refused: {e.Message}", e.InnerException);
                }
                catch (Exception e) when (e is EndOfStreamException or OperationCanceledException)
                {
                    _failure = DatasetException.Stream(_name, "ends before its time");
                }
                catch (Exception e) when (e is IOException or LumosException or UnauthorizedAccessException)
                {
                    _failure = e as LumosException ?? DatasetException.Failed(_name, "receive", e);
                }
            }
        })
        {
            IsBackground = true,
        };
        _thread.Start();
    }

    public Stream Input { get; }

    public void Finish()
    {
        if (!_finished)
        {
            _finished = true;
            _feed.Dispose();
            _thread.Join();
        }
        if (_failure is not null)
        {
            throw _failure;
        }
    }

    public void Dispose()
    {
        if (!_finished)
        {
            _finished = true;
            _abandoned.Cancel(); // before the input ends, so that half an input is never taken for a whole one
            _feed.Dispose();
            _thread.Join();
        }
        _abandoned.Dispose();
    }

    /// <summary>The stream's bytes, each counted into the digest.</summary>
    internal sealed class Reader(Stream input, CancellationToken abandoned)
    {
        private readonly IncrementalHash _digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly byte[] _block = new byte[BtrfsStream.LongestChunk];
        private byte[] _first = [];

        /// <summary>The stream from its first byte on, for one who takes it in his own way.</summary>
        public Stream Raw => new Rejoined(_first, input);

        /// <summary>Set when the caller went away.</summary>
        public CancellationToken Cancellation => abandoned;

        /// <summary>Reads what is left; then the caller has said all he had to say, or has gone away.</summary>
        public void Drain()
        {
            while (input.Read(_block) > 0)
            {
            }
            abandoned.ThrowIfCancellationRequested();
        }

        /// <summary>Looks at the first bytes: whether they begin a stream of ZFS.</summary>
        public bool IsZfs()
        {
            byte[] first = new byte[16];
            int got = input.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
            _first = first[..got];
            return ZfsStreamUnpacker.LooksLikeZfsStream(_first);
        }

        public BtrfsStream Header()
        {
            if (!_first.AsSpan().StartsWith(BtrfsStream.Magic))
            {
                throw _first.Length < BtrfsStream.MagicLength && BtrfsStream.Magic.StartsWith(_first)
                    ? new EndOfStreamException()
                    : new FormatException("it is neither one of a dataset on btrfs nor one of ZFS");
            }
            if (_first.Length < 16)
            {
                throw new EndOfStreamException();
            }
            _digest.AppendData(_first);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(_first.AsSpan(BtrfsStream.MagicLength));
            const int begun = 16 - BtrfsStream.MagicLength - sizeof(uint);
            if (length is < begun or > BtrfsStream.LongestHeader)
            {
                throw new FormatException("its header cannot be understood");
            }
            byte[] json = new byte[length];
            _first.AsSpan(16 - begun).CopyTo(json);
            Read(json.AsSpan(begun));
            return BtrfsStream.Parse(json);
        }

        /// <summary>The next piece of a snapshot; empty: it is all there.</summary>
        public ReadOnlyMemory<byte> Chunk()
        {
            byte[] number = new byte[sizeof(uint)];
            Read(number);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(number);
            if (length > BtrfsStream.LongestChunk)
            {
                throw new FormatException("it is damaged");
            }
            Read(_block.AsSpan(0, (int)length));
            return _block.AsMemory(0, (int)length);
        }

        /// <summary>Compares the digest; nothing may follow it.</summary>
        public void RequireWhole()
        {
            byte[] digest = new byte[BtrfsStream.DigestLength];
            input.ReadExactly(digest);
            if (!_digest.GetHashAndReset().AsSpan().SequenceEqual(digest) || input.ReadByte() >= 0)
            {
                throw new FormatException("it is damaged");
            }
            abandoned.ThrowIfCancellationRequested();
        }

        private void Read(Span<byte> buffer)
        {
            input.ReadExactly(buffer);
            _digest.AppendData(buffer);
        }
    }

    /// <summary>Feeds one snapshot's stream to btrfs receive.</summary>
    public static void Unpack(Reader reader, string folder, string top)
    {
        using var tool = RunningTool.Start(["btrfs", "receive", "-q", "-m", top, folder], pipeInput: true);
        try
        {
            for (var chunk = reader.Chunk(); !chunk.IsEmpty; chunk = reader.Chunk())
            {
                tool.Input!.Write(chunk.Span);
            }
        }
        catch (IOException e) when (e is not EndOfStreamException)
        {
            // It stopped reading; what it says is the reason.
        }
        var result = tool.Finish();
        if (!result.Succeeded)
        {
            throw new FormatException("btrfs receive does not take it", new ToolException(result));
        }
    }

    /// <summary>Writes to the thread; when it has stopped reading, throws its reason instead of "broken pipe".</summary>
    private sealed class Feed(BtrfsReceive owner) : WriteOnlyStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                owner._feed.Write(buffer);
            }
            catch (IOException)
            {
                owner.Finish();
                throw;
            }
        }
    }

    /// <summary>Bytes that were read ahead, then the rest.</summary>
    private sealed class Rejoined(byte[] first, Stream rest) : ReadOnlyStream
    {
        private int _at;

        public override int Read(Span<byte> buffer)
        {
            if (_at == first.Length)
            {
                return rest.Read(buffer);
            }
            int count = Math.Min(buffer.Length, first.Length - _at);
            first.AsSpan(_at, count).CopyTo(buffer);
            _at += count;
            return count;
        }
    }
}
