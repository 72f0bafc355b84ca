using System.Globalization;

namespace Lumos.Drivers.Datasets.Delegation;

/// <summary>
/// Which OpenZFS may be shown to a zone. From 2.2.0 on it gives datasets to user namespaces; but up to 2.2.10, 2.3.8 and 2.4.3 it took root
/// of any user namespace that could open /dev/zfs for one who may change pools.
/// </summary>
public static class ZfsVersion
{
    private const string File = "/sys/module/zfs/version";

    /// <summary>By line of development: the first release that keeps pools from namespaces.</summary>
    private static readonly (int Major, int Minor, int Patch)[] _first = [(2, 2, 11), (2, 3, 9), (2, 4, 4)];

    /// <summary>Why the ZFS that this kernel runs is shown to no zone; null: it can be.</summary>
    public static string? Fault()
    {
        try
        {
            return Fault(System.IO.File.ReadAllText(File).Trim());
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return "this kernel has no ZFS loaded";
        }
    }

    /// <param name="version">As the module says it: 2.3.9-0+deb13u1.</param>
    public static string? Fault(string version)
    {
        string[] parts = version.Split('-')[0].Split('.');
        if (parts.Length < 3 || !TryNumber(parts[0], out int major) || !TryNumber(parts[1], out int minor) || !TryNumber(parts[2], out int patch))
        {
            return $"OpenZFS {version} does not tell its version";
        }
        var (_, _, least) = _first.FirstOrDefault(f => (f.Major, f.Minor) == (major, minor));
        bool later = (major, minor).CompareTo((_first[^1].Major, _first[^1].Minor)) > 0;
        return later || (least > 0 && patch >= least)
            ? null
            : $"OpenZFS {version} would let it change the machine's pools; {string.Join(", ", _first.Select(f => $"{f.Major}.{f.Minor}.{f.Patch}"))} and what follows them do not";
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
