using System.Globalization;
using System.Text;

namespace Lumos.Linux.Mounts;

/// <summary>One line of /proc/self/mountinfo.</summary>
/// <param name="Root">The directory of the file system that is shown here; / for a whole file system.</param>
public sealed record MountEntry(
    int Id, int ParentId, string Device, string Root, string Target, string Options, string Type, string Source, string SuperOptions)
{
    public bool IsReadOnly => Options.Split(',').Contains("ro");
}

/// <summary>What is mounted, as this process sees it.</summary>
public static class MountTable
{
    public static IReadOnlyList<MountEntry> Read(string path = "/proc/self/mountinfo") => Parse(File.ReadAllText(path));

    /// <summary>Whether something is mounted exactly there.</summary>
    public static bool IsMounted(string target)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        return Read().Any(m => m.Target == full);
    }

    public static IReadOnlyList<MountEntry> Parse(string text)
    {
        var entries = new List<MountEntry>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = line.Split(' ');
            int dash = Array.IndexOf(words, "-");
            if (dash < 6 || words.Length < dash + 4)
            {
                throw new FormatException($"mountinfo line not understood: {line}");
            }
            entries.Add(new MountEntry(
                int.Parse(words[0], CultureInfo.InvariantCulture), int.Parse(words[1], CultureInfo.InvariantCulture), words[2],
                Unescape(words[3]), Unescape(words[4]), words[5], words[dash + 1], Unescape(words[dash + 2]), words[dash + 3]));
        }
        return entries;
    }

    /// <summary>The kernel writes blanks, tabs, newlines and backslashes in names as \ooo.</summary>
    private static string Unescape(string text)
    {
        if (!text.Contains('\\'))
        {
            return text;
        }
        var plain = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length)
            {
                plain.Append((char)Convert.ToInt32(text.Substring(i + 1, 3), 8));
                i += 3;
            }
            else
            {
                plain.Append(text[i]);
            }
        }
        return plain.ToString();
    }
}
