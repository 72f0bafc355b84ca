using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux;
using Lumos.Linux.Handles;
using Lumos.Linux.Spawn;

namespace Lumos.Images.Files;

/// <summary>
/// qemu-img, which knows the disk formats of other machines, kept where a disk that was made to harm it does no harm: it runs as nobody,
/// without capabilities and without a network, with limits of memory and time, and gets its files as open descriptors. The format is always
/// named, so that it probes nothing. It ends with us.
/// </summary>
internal static class QemuImg
{
    public const uint Nobody = 65534;

    private const int Source = 3, Target = 4;

    /// <summary>What a disk says of itself.</summary>
    public sealed record Facts(long VirtualBytes);

    /// <summary>Looks at a disk.</summary>
    /// <exception cref="LumosException">InvalidImage: damaged, or not whole; ToolMissing.</exception>
    public static Facts Look(string name, FileFormat format, FileDescriptor file, CancellationToken stop = default)
    {
        var answer = Run(["info", "--output=json", "-f", Word(format), Path(Source)], file, null, stop);
        if (!answer.Succeeded || Parse(answer.Output) is not { } info || info["virtual-size"] is not JsonValue value || !value.TryGetValue(out long size))
        {
            throw Damaged(name, format, answer);
        }
        string? fault = (string?)info["format"] != Word(format) ? "is not of the format that it begins like"
            : info["backing-filename"] is not null || info["full-backing-filename"] is not null ? "stands on another disk, and an image has to be whole"
            : info["format-specific"]?["data"]?["data-file"] is not null ? "keeps its content in another file"
            : info["encrypted"] is JsonValue e && e.TryGetValue(out bool encrypted) && encrypted ? "is encrypted"
            : size is <= 0 or > DiskLimits.MostVirtualBytes ? $"is a disk of {size} bytes, and 1 to {DiskLimits.MostVirtualBytes} are allowed"
            : null;
        return fault is null ? new Facts(size) : throw new LumosException("InvalidImage", $"{name} {fault}");
    }

    /// <summary>Has the disk's own structures compared with each other and with the file's length, which reading alone would not miss.</summary>
    public static void Check(string name, FileFormat format, FileDescriptor file, CancellationToken stop = default)
    {
        const int notKnownForTheFormat = 63, leaks = 3;
        var answer = Run(["check", "--output=json", "-f", Word(format), Path(Source)], file, null, stop);
        if (answer.Status is not (0 or leaks or notKnownForTheFormat))
        {
            throw Damaged(name, format, answer);
        }
    }

    /// <summary>Writes what a guest sees of the disk to a device that holds zeros alone.</summary>
    public static void Convert(string name, FileFormat format, FileDescriptor file, FileDescriptor device, CancellationToken stop = default)
    {
        var answer = Run(["convert", "-n", "--target-is-zero", "-f", Word(format), "-O", "raw", Path(Source), Path(Target)], file, device, stop);
        if (!answer.Succeeded)
        {
            throw Damaged(name, format, answer);
        }
    }

    private static ToolResult Run(IReadOnlyList<string> words, FileDescriptor source, FileDescriptor? target, CancellationToken stop)
    {
        try
        {
            string program = Execute.Resolve("qemu-img");
            var extra = new Dictionary<int, FileDescriptor> { [Source] = source };
            if (target is not null)
            {
                extra[Target] = target;
            }
            using var running = RunningTool.Start(
            [
                "unshare", "--net", "--ipc", "--",
                "prlimit", $"--as={DiskLimits.ToolMemory}", $"--cpu={DiskLimits.ToolSeconds}", "--core=0", "--nofile=256", "--",
                "setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--pdeathsig=KILL", "--",
                "nice", "-n", "10", program, .. words,
            ], pipeOutput: true, extra: extra);
            string output;
            using (stop.Register(running.Kill))
            using (var reader = new StreamReader(running.Output!))
            {
                output = reader.ReadToEnd();
            }
            stop.ThrowIfCancellationRequested();
            return running.Finish() with { Output = output };
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENOENT)
        {
            throw new LumosException("ToolMissing", "qemu-img, which converts disks of this format, is not installed (Debian's package qemu-utils)", inner: e);
        }
    }

    /// <summary>Opened anew by the program, with its own rights: the file belongs to nobody.</summary>
    private static string Path(int descriptor) => $"/proc/self/fd/{descriptor}";

    private static string Word(FileFormat format) => format switch
    {
        FileFormat.Qcow2 => "qcow2",
        FileFormat.Vmdk => "vmdk",
        FileFormat.Vhdx => "vhdx",
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    private static JsonNode? Parse(string json)
    {
        try
        {
            return JsonNode.Parse(json);
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private static LumosException Damaged(string name, FileFormat format, ToolResult answer)
    {
        string said = answer.ErrorOutput.Trim().Replace(Path(Source), name, StringComparison.Ordinal).Replace(Path(Target), "the volume", StringComparison.Ordinal);
        return new LumosException("InvalidImage", $"{name} is damaged or cut short: it cannot be read as {FileFormats.Describe(format)}",
            inner: new LumosException("ToolFailed", said.Length > 0 ? said.ReplaceLineEndings("; ") : $"qemu-img ended with status {answer.Status}"));
    }
}
