using System.Globalization;
using Lumos.Core;

namespace Lumos.Node.Disks;

/// <summary>Disks as text: the lines that <c>diskinfo -Hp</c> prints and <c>disklayout -f</c> reads.</summary>
public static class DiskInfoText
{
    /// <summary>One disk as the seven words TYPE DISK VID PID SIZE RMV SSD.</summary>
    public static string[] Words(Disk disk) =>
    [
        disk.Bus, disk.Name, OrDash(disk.Vendor), OrDash(disk.Product),
        disk.Size.ToString(CultureInfo.InvariantCulture), YesNo(disk.Removable), YesNo(disk.SolidState),
    ];

    /// <summary>Reads lines of those words, parted by tabs.</summary>
    /// <exception cref="LumosException">BadDiskList: names file and line.</exception>
    public static IReadOnlyList<Disk> Parse(string text, string file)
    {
        var disks = new List<Disk>();
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(lines[i]))
            {
                continue;
            }
            string[] words = lines[i].TrimEnd('\r').Split('\t');
            if (words.Length < 7 || !long.TryParse(words[4], NumberStyles.None, CultureInfo.InvariantCulture, out long size))
            {
                throw new LumosException("BadDiskList",
                    $"{file} line {i + 1} is not a line of \"diskinfo -Hp\" (seven words parted by tabs, the fifth a size in bytes)");
            }
            disks.Add(new Disk(words[1], words[0], words[2], words[3], size,
                words[5].StartsWith("yes", StringComparison.Ordinal), words[6].StartsWith("yes", StringComparison.Ordinal)));
        }
        return disks;
    }

    internal static string YesNo(bool value) => value ? "yes" : "no";

    private static string OrDash(string text) => text.Length == 0 ? "-" : text;
}
