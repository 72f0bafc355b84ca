using System.Buffers.Binary;
using Xunit;

namespace Lumos.Images.Tests.Applets;

/// <summary>Whatever is damaged is told of in a sentence.</summary>
public sealed class DamageTests : IDisposable
{
    private readonly Machine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("tags={\"a\":1,\"a\":2}")]
    [InlineData("tags={\"a\":\"\\ud800\"}")]
    public void A_value_that_is_no_JSON_is_told_of(string field)
    {
        File.WriteAllBytes(_machine["stream"], new TestImage([1], compress: false).File);
        var refused = _machine.Imgadm("install", "-f", _machine["stream"], "type=lx-dataset", field);
        Assert.Equal(1, refused.Status);
        Assert.Contains("tags must be an object", refused.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((1L << 55) - 1)] // times 512 it is past all numbers and small again
    [InlineData(long.MaxValue)]
    [InlineData(128)]
    public void A_disk_whose_description_lies_anywhere_is_told_of(long sector)
    {
        byte[] disk = new byte[64 << 10];
        "KDMV"u8.CopyTo(disk);
        BinaryPrimitives.WriteInt64LittleEndian(disk.AsSpan(12), 100);
        BinaryPrimitives.WriteInt64LittleEndian(disk.AsSpan(28), sector);
        BinaryPrimitives.WriteInt64LittleEndian(disk.AsSpan(36), 1);
        File.WriteAllBytes(_machine["disk"], disk);
        Assert.Contains("whose description is not where it should be", _machine.Imgadm("install", "-f", _machine["disk"]).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_every_kind_cut_anywhere_are_told_of()
    {
        byte[][] heads = [[(byte)'Q', (byte)'F', (byte)'I', 0xfb, 0, 0, 0, 3], "KDMV"u8.ToArray(), "vhdxfile"u8.ToArray(), "conectix"u8.ToArray(), "# Disk DescriptorFile"u8.ToArray(), [0x1f, 0x8b, 8], "BZh9"u8.ToArray(),
            [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], [0x28, 0xb5, 0x2f, 0xfd], new Archives.TarBuilder().File("f", "content").End()];
        foreach (byte[] head in heads)
        {
            foreach (int length in (int[])[1, 3, 6, 40, 68, 103, 511, 513, 1100])
            {
                byte[] cut = new byte[length];
                head.AsSpan(0, Math.Min(length, head.Length)).CopyTo(cut);
                File.WriteAllBytes(_machine["cut"], cut);
                var refused = _machine.Imgadm("install", "-q", "-f", _machine["cut"], "type=zone-dataset");
                Assert.True(refused.Status != 0 && refused.Error.Length > 0, $"{Convert.ToHexString(head.AsSpan(0, 3))} {length}");
            }
        }
    }

    [Fact]
    public void What_cannot_be_said_of_us_to_a_server_is_told_of()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_machine.Paths.Configuration)!);
        File.WriteAllText(_machine.Paths.Configuration, "{\"userAgentExtra\": \"a(b\"}");
        var refused = _machine.Imgadm("avail");
        Assert.Equal(1, refused.Status);
        Assert.Contains("\"imgadm/3.9.4 a(b\" cannot be said of us to a server", refused.Error, StringComparison.Ordinal);
    }
}
