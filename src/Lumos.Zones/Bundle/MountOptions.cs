using System.Collections.Immutable;

namespace Lumos.Zones.Bundle;

/// <summary>
/// What a zone's file systems can be and the options they may bear, in illumos's words (lofs(4FS), tmpfs(4FS), mount(8)) and the
/// kernel's. Devices are never honoured: a user namespace cannot.
/// </summary>
public static class MountOptions
{
    /// <summary>A path of the global zone, shown inside.</summary>
    public const string Lofs = "lofs";

    /// <summary>Memory of the zone.</summary>
    public const string Tmpfs = "tmpfs";

    public static IReadOnlyList<string> Types { get; } = [Lofs, Tmpfs];

    private sealed record Row(string Name, string? Linux, ImmutableArray<string> Types);

    // Null: it says what is so anyway.
    private static readonly ImmutableArray<Row> s_table =
    [
        new("ro", "ro", [Lofs, Tmpfs]),
        new("rw", "rw", [Lofs, Tmpfs]),
        new("nodevices", null, [Lofs, Tmpfs]),
        new("nodevice", null, [Lofs, Tmpfs]), // as the examples of SmartOS's vmadm(8) have it
        new("nodev", null, [Lofs, Tmpfs]),
        new("nosetuid", "nosuid", [Lofs, Tmpfs]),
        new("nosuid", "nosuid", [Lofs, Tmpfs]),
        new("setuid", null, [Lofs, Tmpfs]),
        new("suid", null, [Lofs, Tmpfs]),
        new("noexec", "noexec", [Lofs, Tmpfs]),
        new("exec", null, [Lofs, Tmpfs]),
        new("nosub", null, [Lofs]),
        new("nonbmand", null, [Lofs, Tmpfs]),
        new("xattr", null, [Lofs, Tmpfs]),
    ];

    /// <summary>Why an option cannot be; null: it can.</summary>
    public static string? Fault(string type, string option)
    {
        if (s_table.Any(row => row.Name == option && row.Types.Contains(type))
            || (type == Tmpfs && (IsSize(option) || IsMode(option))))
        {
            return null;
        }
        var names = s_table.Where(row => row.Types.Contains(type)).Select(row => row.Name);
        return $"\"{option}\" is no option of a file system of type {type} ({string.Join(", ", type == Tmpfs ? names.Append("size=N[kmg]").Append("mode=NNNN") : names)})";
    }

    /// <summary>The options of the mount, in the kernel's words.</summary>
    public static IReadOnlyList<string> Linux(string type, IEnumerable<string> options)
    {
        var words = new List<string> { "nodev" };
        bool mode = false;
        foreach (string option in options)
        {
            if (s_table.FirstOrDefault(row => row.Name == option) is { } row)
            {
                words.AddRange(row.Linux is { } word && !words.Contains(word) ? [word] : []);
            }
            else
            {
                words.Add(option);
                mode |= IsMode(option);
            }
        }
        if (!words.Contains("ro") && !words.Contains("rw"))
        {
            words.Add("rw");
        }
        if (type == Tmpfs && !mode)
        {
            words.Add("mode=755");
        }
        return words;
    }

    private static bool IsSize(string option) => option.StartsWith("size=", StringComparison.Ordinal)
        && option[5..].TrimEnd('k', 'K', 'm', 'M', 'g', 'G') is { Length: > 0 and <= 15 } digits && digits.All(char.IsAsciiDigit)
        && option.Length - 5 - digits.Length <= 1;

    private static bool IsMode(string option) => option.StartsWith("mode=", StringComparison.Ordinal)
        && option.Length is >= 8 and <= 9 && option[5..].All(c => c is >= '0' and <= '7');
}
