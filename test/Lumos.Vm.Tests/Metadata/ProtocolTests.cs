using System.Text;
using Lumos.Vm.Metadata.Protocol;
using Xunit;

namespace Lumos.Vm.Tests.Metadata;

/// <summary>Frames, lines and answers as bytes.</summary>
public sealed class ProtocolTests
{
    [Fact]
    public void The_check_sum_is_the_one_of_zip() => Assert.Equal(0xCBF43926u, Crc32.Of("123456789"u8));

    /// <summary>Worked out with Python's zlib and base64.</summary>
    [Fact]
    public void Frames_are_those_that_others_make()
    {
        Assert.Equal("V2 25 8cf8e622 dc4fae17 GET c2RjOnV1aWQ=\n", Text(new V2Frame("dc4fae17", "GET", "sdc:uuid"u8.ToArray()).Encode()));
        Assert.Equal("V2 17 11525eac dc4fae17 NOTFOUND\n", Text(MetadataReply.NotFound.Encode("dc4fae17")));
        Assert.Equal("V2 25 1dc080c8 dc4fae17 SUCCESS Z3LDvG4K\n", Text(MetadataReply.Success("gr\u00fcn\n").Encode("dc4fae17")));
    }

    [Fact]
    public void What_is_encoded_is_read_again_and_one_flipped_bit_is_noticed()
    {
        var random = new Random(4);
        for (int i = 0; i < 2000; i++)
        {
            byte[]? payload = i % 5 == 0 ? null : Bytes(random, random.Next(1, 300));
            var frame = new V2Frame(random.Next().ToString("x"), i % 2 == 0 ? "GET" : "SUCCESS", payload);
            byte[] bytes = frame.Encode();
            Assert.Equal((byte)'\n', bytes[^1]);
            var read = V2Frame.TryParse(bytes.AsSpan(..^1));
            Assert.NotNull(read);
            Assert.Equal((frame.RequestId, frame.Code), (read.RequestId, read.Code));
            Assert.Equal(payload ?? [], read.Payload ?? []);

            int at = random.Next(bytes.Length - 1);
            bytes[at] ^= (byte)(1 << random.Next(8));
            var damaged = V2Frame.TryParse(bytes.AsSpan(..^1));
            // A blank more or a hexadecimal digit in the other case is still the same frame; nothing else is.
            Assert.True(damaged is null || (damaged.RequestId == frame.RequestId && damaged.Code == frame.Code
                && (damaged.Payload ?? []).SequenceEqual(payload ?? [])), Text(bytes));
        }
    }

    [Fact]
    public void No_bytes_make_the_parser_fail()
    {
        var random = new Random(5);
        byte[][] seeds =
        [
            "GET key"u8.ToArray(), "NEGOTIATE V2"u8.ToArray(), "KEYS"u8.ToArray(), "V2 "u8.ToArray(),
            new V2Frame("1f", "PUT", "a2V5 dmFsdWU="u8.ToArray()).Encode(),
        ];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] line = [.. seeds[random.Next(seeds.Length)]];
            for (int changes = random.Next(4); changes > 0; changes--)
            {
                line[random.Next(line.Length)] = (byte)random.Next(256);
            }
            byte[] whole = [.. line.Take(random.Next(line.Length + 1)), .. Bytes(random, random.Next(4))];
            Assert.NotNull(MetadataLine.Parse(whole));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(" GET x")]
    [InlineData("GET")]
    [InlineData("GET ")]
    [InlineData("NEGOTIATE")]
    [InlineData("\u00e4 x")]
    public void What_is_no_command_is_answered_so_that_the_client_finds_its_place(string line) =>
        Assert.IsType<MetadataLine.Invalid>(MetadataLine.Parse(Encoding.UTF8.GetBytes(line)));

    [Theory]
    [InlineData("V2")]
    [InlineData("V2 ")]
    [InlineData("V2 10 00000000 dc4fae17 GET c2RjOnV1aWQ=")]
    [InlineData("V2 25 00000000 dc4fae17 GET c2RjOnV1aWQ=")]
    [InlineData("V2 999999999999 0 a GET")]
    [InlineData("V2 -1 0 a GET")]
    public void A_damaged_frame_is_dropped(string line) => Assert.IsType<MetadataLine.Damaged>(MetadataLine.Parse(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void Only_the_second_version_can_change_anything()
    {
        Assert.False(Assert.IsType<MetadataLine.Request>(MetadataLine.Parse("PUT a b"u8)).Changes);
        Assert.True(Assert.IsType<MetadataLine.Request>(MetadataLine.Parse(new V2Frame("1", "PUT", "a"u8.ToArray()).Encode().AsSpan(..^1))).Changes);
    }

    [Theory]
    [InlineData("a\n.b\n..", "SUCCESS\na\n..b\n...\n.\n")]
    [InlineData(".", "SUCCESS\n..\n.\n")]
    [InlineData("", "SUCCESS\n\n.\n")]
    public void Version_1_marks_lines_that_begin_with_a_dot(string value, string bytes) => Assert.Equal(bytes, Text(MetadataReply.Success(value).Encode(null)));

    [Fact]
    public void Lines_come_whole_however_the_bytes_were_cut()
    {
        var random = new Random(6);
        for (int round = 0; round < 200; round++)
        {
            string[] lines = [.. Enumerable.Range(0, 30).Select(_ => new string('x', random.Next(0, 2000)))];
            byte[] all = Encoding.ASCII.GetBytes(string.Concat(lines.Select(l => l + "\n")) + "rest");
            var buffer = new LineBuffer();
            var read = new List<string>();
            for (int at = 0; at < all.Length;)
            {
                int length = Math.Min(all.Length - at, random.Next(1, 3000));
                buffer.Append(all.AsSpan(at, length));
                at += length;
                while (buffer.TryTake(out var line))
                {
                    read.Add(Text(line));
                }
            }
            Assert.Equal(lines, read);
            Assert.Equal(4, buffer.Length);
        }
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
