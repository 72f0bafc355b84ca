using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.ZfsStream;
using Xunit;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>Streams of volumes, which become one file. A real one is held against its disk by the hosted tests, whose guest boots from it.</summary>
public sealed class ZfsStreamVolumeTests : IDisposable
{
    private const uint Content = 23, Properties = 24;

    private const int Block = 8192;

    private readonly string _target = Directory.CreateTempSubdirectory("lumos-zvolume-").FullName;

    public void Dispose() => Directory.Delete(_target, recursive: true);

    [Fact]
    public void Content_holes_and_size_come_as_they_were()
    {
        var stream = Begin();
        byte[] first = new byte[Block], third = new byte[Block];
        Array.Fill(first, (byte)1);
        Array.Fill(third, (byte)3);
        stream.Write(1, 0, first);
        stream.Free(1, Block, Block);
        stream.Write(1, 2 * Block, third);
        stream.Free(1, 3 * Block, ulong.MaxValue);
        WriteSize(stream, 10 * Block);

        var facts = ZfsStreamUnpacker.Unpack(new MemoryStream(stream.ToArray()), _target);

        Assert.Equal((10L * Block, 1L), (facts.VolumeBytes, facts.Files));
        Assert.Equal([.. first, .. new byte[Block], .. third, .. new byte[7 * Block]], File.ReadAllBytes(Path.Combine(_target, ZfsStreamUnpacker.VolumeFile)));
    }

    [Fact]
    public void What_a_volume_cannot_be_is_refused_and_leaves_nothing()
    {
        Refused("has a table of the volume's size that is damaged", Begin());
        Refused("does not tell a size", With(stream => WriteSize(stream, 0)));
        Refused("does not tell a size", With(stream => WriteSize(stream, 1000)));
        Refused("does not tell a size", With(stream => WriteSize(stream, ulong.MaxValue - 511)));
        Refused("content beyond the volume's size", With(stream =>
        {
            stream.Write(1, Block, [.. Enumerable.Repeat((byte)1, Block)]);
            WriteSize(stream, Block);
        }));
        Refused("writes to object 1 at", With(stream => stream.Write(1, ulong.MaxValue - 10, new byte[Block])));
        Refused("writes to object 7 at", With(stream => stream.Write(7, 0, new byte[Block])));
        Refused("holds object 9", With(stream => stream.Object(9, 19, 0, 512, [])));
        Refused("holds object 1", With(stream => stream.Object(1, Content, 0, Block, [])));
        Refused("holds attributes", With(stream => stream.Spill(1, new byte[512])));
        Refused("takes away what it has brought", With(stream => stream.FreeObjects(1, 1)));
        Refused("more than 8192 bytes", With(stream =>
        {
            stream.Write(1, 0, [.. Enumerable.Repeat((byte)1, Block)]);
            stream.Write(1, Block, [.. Enumerable.Repeat((byte)1, Block)]);
        }), new ZfsStreamLimits { MostBytes = 8192 });
    }

    private void Refused(string words, ZfsStreamBuilder stream, ZfsStreamLimits? limits = null)
    {
        var error = Assert.Throws<DatasetException>(() => ZfsStreamUnpacker.Unpack(new MemoryStream(stream.ToArray()), _target, limits));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Equal(DatasetException.StreamCode, error.Code);
        Assert.Empty(Directory.GetFileSystemEntries(_target));
    }

    private static ZfsStreamBuilder With(Action<ZfsStreamBuilder> more)
    {
        var stream = Begin();
        more(stream);
        return stream;
    }

    private static ZfsStreamBuilder Begin()
    {
        var stream = new ZfsStreamBuilder { ObjectSetType = 3, Name = "pool/disk@final" };
        stream.FreeObjects(0, 1);
        stream.Object(1, Content, 0, Block, []);
        stream.Object(2, Properties, 0, 512, []);
        stream.FreeObjects(3, 100);
        return stream;
    }

    private static void WriteSize(ZfsStreamBuilder stream, ulong bytes)
    {
        byte[] table = ZfsTreeBuilder.Micro([("size"u8.ToArray(), bytes)]);
        Array.Resize(ref table, 512);
        stream.Write(2, 0, table);
    }
}
