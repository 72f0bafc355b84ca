using System.Text;

namespace Lumos.Zones.Machines;

/// <summary>The log of a machine's console, which has what its guest prints and, last of all, why QEMU does not run any more.</summary>
public static class MachineConsole
{
    /// <summary>Lines that are told of, and bytes in which they are looked for: what stands there is a guest's.</summary>
    private const int LastLines = 3, LastBytes = 4096;

    /// <summary>Of the zone whose logs are in a folder.</summary>
    public static string File(string logPath) => Path.Combine(logPath, "console.log");

    /// <summary>The last that was printed, in one line without control characters; empty: nothing.</summary>
    public static string LastWords(string logPath)
    {
        byte[] tail;
        try
        {
            using var file = System.IO.File.OpenRead(File(logPath));
            file.Seek(-Math.Min(file.Length, LastBytes), SeekOrigin.End);
            tail = new byte[LastBytes];
            tail = tail[..file.ReadAtLeast(tail, tail.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
        return string.Join("; ", Encoding.UTF8.GetString(tail).Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(LastLines).Select(Words).Where(words => words.Length > 0));
    }

    // A line of the log: time, stream, F or P, and what was printed.
    private static string Words(string line) =>
        string.Concat((line.Split(' ', 4) is [_, _, _, var text] ? text : line).Select(c => char.IsControl(c) ? ' ' : c)).Trim();
}
