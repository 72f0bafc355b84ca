using System.Formats.Tar;
using System.Globalization;
using System.Security.Cryptography;
using Lumos.Linux.Files;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>
/// A tree as lines "PATH KIND MODE OWNER:GROUP MTIME …" in the order of their bytes, of a directory and of an archive, so that
/// the two can be compared line by line.
/// </summary>
internal static class ZfsStreamListing
{
    public static string[] OfTree(string root)
    {
        var lines = new List<string>();
        Add(root, "");
        return Sorted(lines);

        void Add(string path, string shown)
        {
            var status = FileStatus.Of(path);
            string rest = status.Kind switch
            {
                FileKind.Regular => $"{status.Size} {Hash(File.OpenRead(path))}",
                FileKind.Link => new FileInfo(path).LinkTarget!,
                FileKind.CharacterDevice or FileKind.BlockDevice => $"{status.DeviceMajor}:{status.DeviceMinor}",
                _ => "",
            };
            if (shown.Length > 0)
            {
                lines.Add(Line(shown, Word(status.Kind), status.Mode, (int)status.User, (int)status.Group, status.Modified, rest));
            }
            if (status.Kind == FileKind.Directory)
            {
                foreach (string entry in Directory.EnumerateFileSystemEntries(path))
                {
                    Add(entry, $"{shown}/{Path.GetFileName(entry)}");
                }
            }
        }
    }

    /// <param name="archive">A tar archive.</param>
    /// <param name="below">Where its root lies in the tree.</param>
    public static string[] OfArchive(string archive, string below)
    {
        var lines = new Dictionary<string, string>();
        using var file = File.OpenRead(archive);
        using var reader = new TarReader(file);
        while (reader.GetNextEntry() is { } entry)
        {
            string path = (below + "/" + Path.GetFullPath("/" + entry.Name).TrimStart('/')).TrimEnd('/');
            if (entry.EntryType == TarEntryType.HardLink)
            {
                string target = below + Path.GetFullPath("/" + entry.LinkName);
                lines[path] = path + lines[target][target.Length..];
                continue;
            }
            (var kind, string rest) = entry.EntryType switch
            {
                TarEntryType.RegularFile or TarEntryType.V7RegularFile => (FileKind.Regular, $"{entry.Length} {Hash(entry.DataStream ?? Stream.Null)}"),
                TarEntryType.Directory => (FileKind.Directory, ""),
                TarEntryType.SymbolicLink => (FileKind.Link, entry.LinkName),
                TarEntryType.CharacterDevice => (FileKind.CharacterDevice, Device(entry)),
                TarEntryType.BlockDevice => (FileKind.BlockDevice, Device(entry)),
                TarEntryType.Fifo => (FileKind.Fifo, ""),
                _ => throw new InvalidDataException($"{entry.Name} is a {entry.EntryType}"),
            };
            lines[path] = Line(path, Word(kind), (int)entry.Mode, entry.Uid, entry.Gid, entry.ModificationTime, rest);
        }
        return Sorted(lines.Values);
    }

    /// <summary>The groups of paths that are one file, each as one line.</summary>
    public static string[] HardLinks(string root) =>
        [.. Walk(root).Where(p => FileStatus.Of(p).Kind != FileKind.Directory)
            .GroupBy(p => FileStatus.Of(p).Inode)
            .Where(g => g.Count() > 1)
            .Select(g => string.Join(' ', g.Select(p => p[root.Length..]).Order(StringComparer.Ordinal)))
            .Order(StringComparer.Ordinal)];

    public static string[] HardLinksOfArchive(string archive, string below)
    {
        using var file = File.OpenRead(archive);
        using var reader = new TarReader(file);
        var groups = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        while (reader.GetNextEntry() is { } entry)
        {
            if (entry.EntryType == TarEntryType.HardLink)
            {
                string target = below + Path.GetFullPath("/" + entry.LinkName);
                groups.TryAdd(target, new SortedSet<string>(StringComparer.Ordinal) { target });
                groups[target].Add(below + Path.GetFullPath("/" + entry.Name));
            }
        }
        return [.. groups.Values.Select(g => string.Join(' ', g)).Order(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Walk(string directory) =>
        Directory.EnumerateFileSystemEntries(directory)
            .SelectMany(p => FileStatus.Of(p).Kind == FileKind.Directory ? Walk(p).Prepend(p) : [p]);

    private static string Line(string path, string kind, int mode, int user, int group, DateTimeOffset modified, string rest) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{path} {kind} {(kind == "link" ? "-" : Convert.ToString(mode, 8))} {user}:{group} {modified.ToUnixTimeSeconds()} {rest}").TrimEnd();

    private static string Word(FileKind kind) => kind switch
    {
        FileKind.Regular => "file",
        FileKind.CharacterDevice => "char",
        FileKind.BlockDevice => "block",
        _ => kind.ToString().ToLowerInvariant(),
    };

    private static string Device(TarEntry entry) => entry is PosixTarEntry device ? $"{device.DeviceMajor}:{device.DeviceMinor}" : "?";

    private static string Hash(Stream content)
    {
        using (content)
        {
            return Convert.ToHexStringLower(SHA256.HashData(content))[..16];
        }
    }

    private static string[] Sorted(IEnumerable<string> lines) => [.. lines.OrderBy(l => l, StringComparer.Ordinal)];
}
