using System.Globalization;
using Lumos.Core;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>How a property is kept here.</summary>
/// <param name="Default">What it is when nobody set it; null: nothing.</param>
/// <param name="Inherits">Children take it over.</param>
/// <param name="Kinds">The kinds of dataset that have it.</param>
/// <param name="Read">Text of a user to text kept; null: not accepted.</param>
/// <param name="Why">Why other values are not.</param>
/// <param name="Note">For a value that is kept but not carried out as ZFS would: the sentence that says so.</param>
internal sealed record BtrfsProperty(
    string? Default, bool Inherits, DatasetKinds Kinds, Func<string, string?> Read, string Why, Func<string, string?> Note);

/// <summary>
/// ZFS's properties as this backend knows them. One that cannot mean here what it says is refused with a sentence when it
/// would change what a user counts on, and noted when it would only be less fast or less sparing.
/// </summary>
internal static class BtrfsProperties
{
    private const DatasetKinds Fs = DatasetKinds.FileSystem, Volume = DatasetKinds.Volume, Both = Fs | Volume;

    /// <summary>Those that are told, not set.</summary>
    public static readonly IReadOnlySet<string> Computed = new HashSet<string>
    {
        "name", "type", "creation", "createtxg", "guid", "used", "available", "referenced", "usedbydataset", "usedbysnapshots",
        "usedbychildren", "usedbyrefreservation", "mounted", "origin", "clones", "compressratio", "volblocksize", "written",
    };

    private static readonly Func<string, string?> _quiet = _ => null;

    public static readonly IReadOnlyDictionary<string, BtrfsProperty> Table = new Dictionary<string, BtrfsProperty>
    {
        ["quota"] = new("0", false, Fs, Size, "it is a size or none", _quiet),
        ["refquota"] = new("0", false, Fs, Size, "it is a size or none",
            v => v == "0" ? null : "btrfs counts what the dataset wrote and snapshots still hold towards it, too"),
        ["reservation"] = new("0", false, Both, Size, "it is a size or none", Unheld),
        ["refreservation"] = new("0", false, Both, Size, "it is a size or none", Unheld),
        ["volsize"] = new(null, false, Volume, v => Size(v) is { } s && s != "0" && long.Parse(s, CultureInfo.InvariantCulture) % 512 == 0 ? s : null,
            "it is a size, in whole sectors of 512 bytes", _quiet),
        ["mountpoint"] = new(null, true, Fs, v => v is "none" or "legacy" ? v : v.StartsWith('/') && !v.Contains('\0') ? Trim(v) : null,
            "it is a path, none or legacy", _quiet),
        ["canmount"] = new("on", false, Fs, Among("on", "off", "noauto"), "it is on, off or noauto", _quiet),
        ["compression"] = new("off", true, Both, Among("on", "off", "lz4", "lzjb", "zstd", "gzip"),
            "btrfs has on, off, lz4, lzjb, zstd and gzip, without levels", v => Algorithm(v) switch
            {
                "lzo" => $"{v} is carried out as lzo, for files made from now on",
                "zlib" => $"{v} is carried out as zlib, for files made from now on",
                _ => null,
            }),
        ["atime"] = OnOff("on"),
        ["devices"] = OnOff("on"),
        ["exec"] = OnOff("on"),
        ["setuid"] = OnOff("on"),
        ["readonly"] = OnOff("off"),
        ["relatime"] = OnOff("on"),
        ["zoned"] = OnOff("off"),
        ["recordsize"] = new("131072", true, Fs, v => Size(v) is { } s && long.Parse(s, CultureInfo.InvariantCulture) is >= 512 and <= 16 << 20 and var n && long.IsPow2(n) ? s : null,
            "it is a power of two from 512 to 16 MiB", v => v == "131072" ? null : "btrfs chooses the size of its extents itself"),
        ["snapshot_limit"] = new("none", false, Both, Count, "it is a number or none", _quiet),
        ["filesystem_limit"] = new("none", false, Fs, Count, "it is a number or none", _quiet),
        ["sync"] = new("standard", true, Both, Among("standard"), "btrfs has standard only", _quiet),
        ["checksum"] = new("on", true, Both, Among("on"), "btrfs has on only", _quiet),
        ["copies"] = new("1", true, Both, Among("1"), "btrfs has 1 only", _quiet),
        ["dedup"] = new("off", true, Both, Among("off"), "btrfs has no deduplication as it writes", _quiet),
        ["encryption"] = new("off", false, Both, Among("off"), "btrfs has no encryption", _quiet),
        ["acltype"] = new("posix", true, Fs, Among("posix", "posixacl"), "btrfs has posix only", _quiet),
        ["xattr"] = new("sa", true, Fs, Among("sa", "on"), "btrfs has sa only", _quiet),
        ["snapdir"] = new("hidden", true, Fs, Among("hidden"), "snapshots are not shown within the file system", _quiet),
        ["primarycache"] = new("all", true, Both, Among("all", "metadata", "none"), "it is all, metadata or none", Cache),
        ["secondarycache"] = new("all", true, Both, Among("all", "metadata", "none"), "it is all, metadata or none", Cache),
        ["logbias"] = new("latency", true, Both, Among("latency", "throughput"), "it is latency or throughput",
            v => v == "latency" ? null : "btrfs has no such choice"),
    };

    public static bool IsUser(string property) => property.Contains(':');

    public static bool Inherits(string property) => IsUser(property) || (Table.TryGetValue(property, out var row) && row.Inherits);

    /// <summary>The value to keep.</summary>
    /// <exception cref="DatasetException">DatasetFailed, with the reason.</exception>
    public static string Check(string dataset, DatasetKinds kind, string property, string value, bool making, Action<string> note)
    {
        if (IsUser(property))
        {
            return value;
        }
        if (property == "volblocksize" && making && kind == Volume && Size(value) == VolumeBlockSize)
        {
            return VolumeBlockSize;
        }
        if (Computed.Contains(property))
        {
            throw Refused(dataset, property, value, property == "volblocksize" ? $"volumes on btrfs have {VolumeBlockSize}" : "it cannot be set");
        }
        if (!Table.TryGetValue(property, out var row))
        {
            throw Refused(dataset, property, value, "datasets on btrfs have no such property");
        }
        if (!row.Kinds.HasFlag(kind))
        {
            throw Refused(dataset, property, value, kind == Volume ? "a volume has no such property" : "a file system has no such property");
        }
        string kept = row.Read(value) ?? throw Refused(dataset, property, value, row.Why);
        if (row.Note(kept) is { } sentence)
        {
            note($"{property}={value} of {dataset} is kept, but {sentence}");
        }
        return kept;
    }

    public const string VolumeBlockSize = "8192";

    /// <summary>btrfs's name for a compression; "": none.</summary>
    public static string Algorithm(string compression) => compression switch
    {
        "off" => "",
        "lz4" or "lzjb" => "lzo",
        "gzip" => "zlib",
        _ => "zstd",
    };

    /// <summary>A size with or without unit, in bytes; null: none.</summary>
    public static string? Size(string text)
    {
        if (text == "none")
        {
            return "0";
        }
        string upper = text.ToUpperInvariant().TrimEnd('B');
        int unit = upper.Length > 0 ? "KMGTPE".IndexOf(upper[^1]) : -1;
        return decimal.TryParse(unit < 0 ? upper : upper[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            && number * (1L << (10 * (unit + 1))) is >= 0 and <= long.MaxValue and var bytes
            ? ((long)bytes).ToString(CultureInfo.InvariantCulture)
            : null;
    }

    private static DatasetException Refused(string dataset, string property, string value, string why) =>
        new(DatasetException.FailedCode, dataset, $"cannot set {property}={value} on {dataset}: {why}");

    private static BtrfsProperty OnOff(string byDefault) => new(byDefault, true, byDefault == "off" ? Both : Fs, Among("on", "off"), "it is on or off", _quiet);

    private static Func<string, string?> Among(params string[] values) => v => values.Contains(v) ? v : null;

    private static string? Count(string text) =>
        text == "none" || (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long n) && n >= 0) ? text : null;

    private static string Trim(string path) => path.Length > 1 ? path.TrimEnd('/') : path;

    private static string? Unheld(string value) => value == "0" ? null : "btrfs holds no space back for one dataset";

    private static string? Cache(string value) => value == "all" ? null : "btrfs caches as the kernel sees fit";
}
