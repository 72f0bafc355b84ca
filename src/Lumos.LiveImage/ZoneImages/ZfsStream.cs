using System.Globalization;
using System.Text;
using Lumos.Core;
using Lumos.LiveImage.Platform;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.ZoneImages;

/// <summary>
/// Turns a tar archive, or a disk, into a ZFS stream of a file system, or a volume. The build machine has no ZFS, the platform has: its kernel and
/// Debian layer run in a virtual machine with images/stream/init as /init. What is to be turned is the first disk; the stream comes
/// out on the second, from 1 MiB on, with its length at the start.
/// </summary>
internal static class ZfsStream
{
    private const int MemoryMegabytes = 1536, MemoryMegabytesForDisks = 3072, HeaderBytes = 1 << 20;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    /// <summary>Writes the gzip-compressed stream of <paramref name="content"/> to <paramref name="target"/>.</summary>
    internal static void Make(
        BuildLog log, string init, StageResult platform, IReadOnlyList<string> accelerator, string content, bool isVolume, string work, string target)
    {
        string archive = Path.Combine(work, "boot_archive");
        BootArchiveStage.MakeBare(platform, init, archive);
        string input = Path.Combine(work, "input");
        log.Run(["cp", "--sparse=always", content, input]);
        string disk = Path.Combine(work, "output");
        SetLength(input, Up(new FileInfo(content).Length));
        File.Create(disk).Dispose();
        SetLength(disk, Up(2 * new FileInfo(content).Length) + (64L << 20)); // sparse
        log.Run(
            [
                "timeout", ((int)Limit.TotalSeconds).ToString(), "qemu-system-x86_64", .. accelerator,
                "-m", (isVolume ? MemoryMegabytesForDisks : MemoryMegabytes).ToString(), "-smp", "2", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-serial", "stdio", "-kernel", platform["kernel"], "-initrd", archive, "-append", $"console=ttyS0 quiet panic=-1{(isVolume ? " lumos.stream=volume" : "")}",
                "-drive", $"file={input},if=virtio,format=raw,readonly=on", "-drive", $"file={disk},if=virtio,format=raw",
            ]);
        long length = LengthOf(disk);
        if (length == 0)
        {
            throw new LumosException("NoStream", "the virtual machine that makes ZFS streams ended without one; its console is in the build's log");
        }
        string stream = Path.Combine(work, "stream");
        log.Run(["sh", "-c", $"tail --bytes=+{HeaderBytes + 1} '{disk}' | head --bytes={length} > '{stream}'"]);
        log.Run(["sh", "-c", $"pigz --no-name --stdout '{stream}' > '{target}'"]);
        foreach (string each in new[] { archive, input, disk, stream })
        {
            File.Delete(each);
        }
    }

    private static long LengthOf(string disk)
    {
        byte[] start = new byte[32];
        using var stream = File.OpenRead(disk);
        stream.ReadExactly(start);
        string text = Encoding.ASCII.GetString(start).TrimEnd('\0', '\n', ' ');
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long length) && length <= stream.Length - HeaderBytes ? length : 0;
    }

    private static long Up(long size) => (size + 0xFFFFF) & ~0xFFFFFL;

    private static void SetLength(string path, long length)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Write);
        stream.SetLength(length);
    }
}
