using System.Buffers.Binary;
using System.Security.Cryptography;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Btrfs;
using Lumos.Linux.Handles;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>
/// A send under way: the kernel writes each snapshot into a pipe, from a thread that waits in its call; reading the output
/// takes it from there and puts the envelope around it.
/// </summary>
internal sealed class BtrfsSend : IDatasetSend
{
    private readonly string _name;
    private readonly IEnumerator<ReadOnlyMemory<byte>> _pieces;
    private Exception? _failure;
    private bool _complete;

    /// <param name="items">Subvolumes in the stream's order, each with the tree id of the one it is an increment to (0: none).</param>
    public BtrfsSend(string name, BtrfsStream stream, IReadOnlyList<(string Path, ulong Parent)> items)
    {
        _name = name;
        _pieces = Pieces(stream, items).GetEnumerator();
        Output = new PieceStream(this);
    }

    public Stream Output { get; }

    public void Finish()
    {
        if (!_complete)
        {
            throw DatasetException.Failed(_name, "send", _failure ?? new IOException("the stream was not read to its end"));
        }
    }

    public void Dispose() => _pieces.Dispose();

    private IEnumerable<ReadOnlyMemory<byte>> Pieces(BtrfsStream stream, IReadOnlyList<(string Path, ulong Parent)> items)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[sizeof(uint) + (256 << 10)];
        ReadOnlyMemory<byte> Counted(ReadOnlyMemory<byte> piece)
        {
            digest.AppendData(piece.Span);
            return piece;
        }

        yield return Counted(stream.Header());
        foreach (var (path, parent) in items)
        {
            using var kernel = new KernelSend(path, parent);
            int got;
            do
            {
                got = kernel.Read(block.AsSpan(sizeof(uint)));
                BinaryPrimitives.WriteUInt32LittleEndian(block, (uint)got);
                yield return Counted(block.AsMemory(0, sizeof(uint) + got));
            }
            while (got > 0);
        }
        _complete = true;
        yield return digest.GetHashAndReset();
    }

    /// <summary>One subvolume's stream from the kernel.</summary>
    private sealed class KernelSend : IDisposable
    {
        private readonly Pipe _pipe = Pipe.Create();
        private readonly Thread _thread;
        private Exception? _failure;

        public KernelSend(string path, ulong parent)
        {
            _thread = new Thread(() =>
            {
                try
                {
                    Subvolume.Send(path, _pipe.Write, parent);
                }
                catch (IOException e)
                {
                    _failure = e;
                }
                finally
                {
                    _pipe.Write.Dispose();
                }
            })
            {
                IsBackground = true,
            };
            _thread.Start();
        }

        /// <summary>0: the kernel has written all; throws what kept it from that.</summary>
        public int Read(Span<byte> buffer)
        {
            int got = _pipe.Read.Read(buffer);
            if (got == 0)
            {
                _thread.Join();
                if (_failure is not null)
                {
                    throw _failure;
                }
            }
            return got;
        }

        public void Dispose()
        {
            _pipe.Read.Dispose(); // a kernel still at it gets EPIPE
            _thread.Join();
        }
    }

    private sealed class PieceStream(BtrfsSend owner) : ReadOnlyStream
    {
        private ReadOnlyMemory<byte> _left;

        public override int Read(Span<byte> buffer)
        {
            while (_left.IsEmpty && !buffer.IsEmpty)
            {
                try
                {
                    if (!owner._pieces.MoveNext())
                    {
                        return 0;
                    }
                }
                catch (ErrnoException e)
                {
                    owner._failure = e;
                    throw;
                }
                _left = owner._pieces.Current;
            }
            int count = Math.Min(buffer.Length, _left.Length);
            _left.Span[..count].CopyTo(buffer);
            _left = _left[count..];
            return count;
        }
    }
}
