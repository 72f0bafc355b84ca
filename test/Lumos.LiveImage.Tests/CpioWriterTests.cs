using System.Text;
using Lumos.LiveImage.Archive;
using Xunit;

namespace Lumos.LiveImage.Tests;

public class CpioWriterTests
{
    [Fact]
    public void A_file_is_laid_out_as_the_kernel_reads_it()
    {
        using var output = new MemoryStream();
        var cpio = new CpioWriter(output, DateTimeOffset.FromUnixTimeSeconds(0x5000));
        cpio.AddFile("init", "hello"u8.ToArray(), 0b111_101_101);
        cpio.Finish();

        string text = Encoding.Latin1.GetString(output.ToArray());
        string header = "070701" + "00000001" + "000081ED" + "00000000" + "00000000" + "00000001" + "00005000" + "00000005"
            + "00000000" + "00000000" + "00000000" + "00000000" + "00000005" + "00000000";
        string file = header + "init\0" + "\0" + "hello\0\0\0";
        Assert.StartsWith(file, text);
        Assert.Equal(0, text.Length % 4);
        Assert.Contains("TRAILER!!!", text);
    }

    [Fact]
    public void Parents_come_before_their_children_and_once()
    {
        var names = Names(cpio =>
        {
            cpio.AddFile("/etc/a/one", [], 0b110_100_100);
            cpio.AddFile("etc/a/two", [], 0b110_100_100);
            cpio.AddLink("bin/sh", "busybox");
        });
        Assert.Equal(["etc", "etc/a", "etc/a/one", "etc/a/two", "bin", "bin/sh", "TRAILER!!!"], names);
    }

    [Fact]
    public void The_same_calls_give_the_same_bytes()
    {
        byte[] Make()
        {
            using var output = new MemoryStream();
            var cpio = new CpioWriter(output, DateTimeOffset.UnixEpoch);
            cpio.AddDirectory("dev");
            cpio.AddCharacterDevice("dev/console", 5, 1, 0b110_000_000);
            cpio.AddFile("x", [1, 2, 3], 0b110_100_100);
            cpio.Finish();
            return output.ToArray();
        }
        Assert.Equal(Make(), Make());
    }

    [Fact]
    public void A_name_cannot_be_added_twice()
    {
        var cpio = new CpioWriter(Stream.Null, DateTimeOffset.UnixEpoch);
        cpio.AddFile("x", [], 0);
        Assert.Throws<InvalidOperationException>(() => cpio.AddFile("/x", [], 0));
    }

    private static List<string> Names(Action<CpioWriter> fill)
    {
        using var output = new MemoryStream();
        var cpio = new CpioWriter(output, DateTimeOffset.UnixEpoch);
        fill(cpio);
        cpio.Finish();
        byte[] bytes = output.ToArray();
        var names = new List<string>();
        for (int at = 0; at < bytes.Length;)
        {
            int Field(int index) => Convert.ToInt32(Encoding.ASCII.GetString(bytes, at + 6 + index * 8, 8), 16);
            int size = Field(6), nameSize = Field(11);
            names.Add(Encoding.UTF8.GetString(bytes, at + 110, nameSize - 1));
            at = Up(Up(at + 110 + nameSize) + size);
        }
        return names;
    }

    private static int Up(int offset) => (offset + 3) & ~3;
}
