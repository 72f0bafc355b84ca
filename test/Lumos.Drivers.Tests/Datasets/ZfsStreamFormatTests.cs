using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.ZfsStream;
using Lumos.Drivers.Tools;
using Xunit;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>Which streams are taken and which refused, whatever they hold; and the compressions of blocks.</summary>
public sealed class ZfsStreamFormatTests : IDisposable
{
    private readonly BlockDecompression _blocks = new();
    private readonly string _target = Directory.CreateTempSubdirectory("lumos-zstream-").FullName;

    public void Dispose() => Directory.Delete(_target, recursive: true);

    [Fact]
    public void A_stream_is_known_by_its_head()
    {
        byte[] real = Real();
        Assert.True(ZfsStreamUnpacker.LooksLikeZfsStream(real.AsSpan(0, ZfsStreamUnpacker.HeadLength)));
        Assert.False(ZfsStreamUnpacker.LooksLikeZfsStream(real.AsSpan(0, ZfsStreamUnpacker.HeadLength - 1)));
        Assert.True(ZfsStreamUnpacker.LooksLikeZfsStream([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0xf5, 0xba, 0xcb, 0xac]));
        Assert.False(ZfsStreamUnpacker.LooksLikeZfsStream(new byte[64]));
        Assert.False(ZfsStreamUnpacker.LooksLikeZfsStream(File.ReadAllBytes(Fixture).AsSpan(0, 64)));
    }

    [Fact]
    public void Other_kinds_of_streams_are_refused_by_their_names()
    {
        Refused("unknown type 9", new ZfsStreamBuilder { ObjectSetType = 9 }.ToArray());
        Refused("an incremental one", new ZfsStreamBuilder { FromGuid = 5 }.ToArray());
        Refused("encrypted", new ZfsStreamBuilder { Features = 4 | (1 << 24) }.ToArray());
        Refused("redacted", new ZfsStreamBuilder { Features = 4 | (1 << 21) }.ToArray());
        Refused("the rest of another one", new ZfsStreamBuilder { Features = 4 | (1 << 20) }.ToArray());
        Refused("deduplicated", new ZfsStreamBuilder { Features = 7 }.ToArray());
        Refused("features that are not known here (0x80000000)", new ZfsStreamBuilder { Features = 4 | (1UL << 31) }.ToArray());
        Refused("holds no file system", new ZfsStreamBuilder().ToArray());
        Refused("is none", Encoding.ASCII.GetBytes(new string('x', 4000)));
        Refused("is empty", []);
        byte[] big = new ZfsStreamBuilder().ToArray();
        big.AsSpan(8, 8).Reverse();
        Refused("big-endian", big);
    }

    [Fact]
    public void A_stream_that_ends_early_is_refused_wherever_it_ends()
    {
        byte[] real = Real();
        for (int length = 1; length < real.Length; length += length < 2000 ? 311 : 199_991)
        {
            Refused("cut short", real[..length]);
        }
        Refused("cut short", real[..^1]);
        Refused("cut short", real[..^312]);
        Refused("cut short", new ZfsStreamBuilder().ToArray(end: false));
    }

    [Fact]
    public void A_changed_byte_is_found_wherever_it_is()
    {
        byte[] real = Real();
        for (int at = 40; at < real.Length; at += 175_011)
        {
            byte[] changed = [.. real];
            changed[at] ^= 0x10;
            var error = Assert.Throws<DatasetException>(() => ZfsStreamUnpacker.Unpack(new MemoryStream(changed), _target));
            Assert.Equal(DatasetException.StreamCode, error.Code);
            Assert.Empty(Directory.GetFileSystemEntries(_target));
        }
        real[^1] ^= 1;
        Refused("is damaged: its checksum is wrong", real);
    }

    [Fact]
    public void What_follows_a_stream_is_refused_but_padding()
    {
        byte[] stream = new ZfsStreamBuilder().ToArray();
        Refused("is followed by another stream", [.. stream, .. stream]);
        Refused("is followed by bytes that do not belong to it", [.. stream, .. "tail"u8]);
        Refused("holds no file system", [.. stream, .. new byte[10_000]]); // read to the end, then looked at
        Refused("begins anew before its end", [.. new ZfsStreamBuilder().ToArray(end: false), .. stream]);
    }

    [Fact]
    public void A_stream_with_properties_is_read_and_one_of_several_snapshots_refused()
    {
        var builder = new ZfsStreamBuilder();
        byte[] stream = builder.ToArray(), properties = new byte[4000];
        Random.Shared.NextBytes(properties);
        Refused("holds no file system", builder.ToCompound(properties, stream));
        Refused("holds further snapshots or file systems", builder.ToCompound(properties, stream, stream));
        Refused("cut short", builder.ToCompound(properties, stream)[..^312]);
        Refused("a stream of streams within another", builder.ToCompound(properties, builder.ToCompound(properties, stream)));
        byte[] harmed = builder.ToCompound(properties, stream);
        harmed[1000] ^= 1;
        Refused("its checksum is wrong in its list of properties", harmed);
        byte[] endless = builder.ToCompound(properties, stream);
        BinaryPrimitives.WriteUInt32LittleEndian(endless.AsSpan(4), uint.MaxValue);
        Refused("a list of properties of 4294967295 bytes", endless);
    }

    [Fact]
    public void Damage_of_the_compressed_file_is_damage_of_the_stream()
    {
        byte[] packed = File.ReadAllBytes(Fixture);
        packed[packed.Length / 2] ^= 1;
        using var stream = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        Assert.Equal(DatasetException.StreamCode, Assert.Throws<DatasetException>(() => ZfsStreamUnpacker.Unpack(stream, _target)).Code);
        Assert.Empty(Directory.GetFileSystemEntries(_target));
    }

    [Fact]
    public void Cancelling_leaves_nothing()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => ZfsStreamUnpacker.Unpack(new MemoryStream(Real()), _target, cancellation: source.Token));
        Assert.Empty(Directory.GetFileSystemEntries(_target));
    }

    [Fact]
    public void Blocks_of_every_compression_are_read()
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("the quick brown fox ", 60)) + "jumps");
        // Made by the lz4 program (1.9.4), one block of a frame without its frame, behind its length.
        byte[] lz4 = [0, 0, 0, 35, .. Convert.FromHexString(LZ4)];
        Check(BlockDecompression.Lz4, lz4, text);
        using var zlib = new MemoryStream();
        using (var deflate = new ZLibStream(zlib, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            deflate.Write(text);
        }
        Check(BlockDecompression.Gzip9, zlib.ToArray(), text);
        Check(BlockDecompression.Gzip1, zlib.ToArray(), text);
        // Eight flags a byte, lowest first: a set one means (length − 3) in 6 bits and a distance in 10.
        Check(BlockDecompression.Lzjb, [0b1000, .. "abc"u8, ((9 - 3) << 2) | 0, 3, .. "Z"u8], "abcabcabcabcZ"u8.ToArray());
        Check(BlockDecompression.Zle, [2, .. "abc"u8, 64 + 4, 0, .. "d"u8], [.. "abc"u8, 0, 0, 0, 0, 0, .. "d"u8]);
        Check(BlockDecompression.Off, text, text);
        Assert.True(_blocks.Decompress(BlockDecompression.Empty, [], new byte[9]));
        Assert.Equal("number 99", Assert.Throws<NotSupportedException>(() => _blocks.Decompress(99, [], new byte[9])).Message);
        Check(BlockDecompression.Zstd, Zstd(text, 3), text);

        void Check(int kind, byte[] packed, byte[] expected)
        {
            byte[] target = new byte[expected.Length];
            Assert.True(_blocks.Decompress(kind, [.. packed, .. new byte[-packed.Length & 511]], target) || kind == BlockDecompression.Zle);
            Assert.True(_blocks.Decompress(kind, packed, target));
            Assert.Equal(expected, target);
            for (int cut = 0; cut < packed.Length - 1; cut++)
            {
                _ = _blocks.Decompress(kind, packed.AsSpan(0, cut), target); // refuses or not, but never reads past its end
            }
            Assert.False(_blocks.Decompress(kind, packed, new byte[(expected.Length * 2) + 1000]));
        }
    }

    /// <summary>Held against the zstd program, over content and levels that between them use every kind of block and table.</summary>
    [Fact]
    public void Blocks_of_zstd_are_read_as_the_program_wrote_them()
    {
        var random = new Random(11);
        byte[] noise = new byte[70_000], real = Real()[..(3 << 17)], few = new byte[200_000], runs = new byte[300_000];
        random.NextBytes(noise);
        for (int i = 0; i < few.Length; i++)
        {
            few[i] = (byte)"aaaaaaaabbbbccd\n"[random.Next(16)];
        }
        for (int i = 0, value = 0, left = 0; i < runs.Length; i++, left--)
        {
            (value, left) = left <= 0 ? (random.Next(256), random.Next(1, 400)) : (value, left);
            runs[i] = (byte)value;
        }
        byte[] text = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Datasets", "Fixtures", "lumos-base.list"));
        byte[][] contents = [noise, real, few, runs, text, new byte[131072], [.. noise[..5000], .. text, .. noise[..5000]], "a"u8.ToArray(), [.. Enumerable.Repeat((byte)'x', 1000)], text[..400]];
        foreach (byte[] content in contents)
        {
            foreach (int level in new[] { 1, 3, 19 })
            {
                byte[] packed = Zstd(content, level), target = new byte[content.Length];
                Assert.True(_blocks.Decompress(BlockDecompression.Zstd, packed, target), $"level {level} of {content.Length} bytes");
                Assert.Equal(content, target);
                Assert.False(_blocks.Decompress(BlockDecompression.Zstd, packed, new byte[content.Length + 1]));
                Assert.False(content.Length > 1 && _blocks.Decompress(BlockDecompression.Zstd, packed, new byte[content.Length - 1]));
                for (int i = 0; i < 40; i++)
                {
                    byte[] harmed = [.. packed];
                    harmed[random.Next(8, Math.Min(harmed.Length, 400))] ^= (byte)(1 << random.Next(8));
                    _ = _blocks.Decompress(BlockDecompression.Zstd, harmed, target); // right, wrong or refused, but never more than that
                }
            }
        }
    }

    /// <summary>A block as ZFS has it: length, versions, and a frame of the program's without its magic number.</summary>
    private byte[] Zstd(byte[] content, int level)
    {
        string file = Path.Combine(_target, "..", Path.GetFileName(_target) + ".raw");
        try
        {
            File.WriteAllBytes(file, content);
            var result = Tool.Run("zstd", "-q", "-f", "--no-check", level > 1 ? "--no-content-size" : "--content-size", $"-{level}", "-o", file + ".zst", file);
            Assert.SkipWhen(result.Status == 127, "no zstd program on this machine");
            result.OrThrow();
            byte[] frame = File.ReadAllBytes(file + ".zst");
            byte[] length = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, frame.Length - 4);
            return [.. length, 0, 0, 0, (byte)level, .. frame[4..]];
        }
        finally
        {
            File.Delete(file);
            File.Delete(file + ".zst");
        }
    }

    [Fact]
    public void Garbage_never_writes_past_a_block()
    {
        var random = new Random(7);
        byte[] garbage = new byte[300], target = new byte[1000];
        for (int i = 0; i < 5_000; i++)
        {
            random.NextBytes(garbage);
            garbage[0] = garbage[1] = garbage[2] = 0;
            foreach (int kind in new[] { BlockDecompression.Lz4, BlockDecompression.Lzjb, BlockDecompression.Zle, BlockDecompression.Zstd })
            {
                _ = _blocks.Decompress(kind, garbage, target);
            }
        }
    }

    private const string LZ4 = "ff0574686520717569636b2062726f776e20666f78201400ffffffff8d506a756d7073";

    private static string Fixture => Path.Combine(AppContext.BaseDirectory, "Datasets", "Fixtures", "lumos-base.zfs.gz");

    private static byte[] Real()
    {
        using var stream = new GZipStream(File.OpenRead(Fixture), CompressionMode.Decompress);
        using var all = new MemoryStream();
        stream.CopyTo(all);
        return all.ToArray();
    }

    private void Refused(string why, byte[] stream)
    {
        var error = Assert.Throws<DatasetException>(() => ZfsStreamUnpacker.Unpack(new MemoryStream(stream), _target));
        Assert.Equal(DatasetException.StreamCode, error.Code);
        Assert.Contains(why, error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_target));
    }
}
