using Lumos.Linux.Files;

namespace Lumos.Images.Archives;

/// <summary>Names in an archive as the parts of a path.</summary>
internal static class ArchivePath
{
    /// <summary>The parts of an entry's name; none: the root itself ("./").</summary>
    /// <param name="mayBeAbsolute">A slash in front means the root of the tree; else it is refused.</param>
    public static byte[][] Parse(byte[] name, bool mayBeAbsolute, ArchiveFault fault, ArchiveLimits limits)
    {
        if (name.Length == 0)
        {
            throw fault.Refused(name, "has no name");
        }
        return Split(name, name, "name", mayBeAbsolute, fault, limits);
    }

    /// <summary>The same of a hard link's target.</summary>
    public static byte[][] ParseTarget(TarEntry entry, bool mayBeAbsolute, ArchiveFault fault, ArchiveLimits limits)
    {
        var parts = Split(entry.Target, entry.Name, "target", mayBeAbsolute, fault, limits);
        return parts.Length > 0 ? parts : throw fault.Refused(entry.Name, "is a link to the root or to nothing");
    }

    private static byte[][] Split(byte[] path, byte[] entry, string what, bool mayBeAbsolute, ArchiveFault fault, ArchiveLimits limits)
    {
        if (path.Length > limits.MostPathBytes)
        {
            throw fault.Refused(entry, $"has a {what} of {path.Length} bytes, and {limits.MostPathBytes} are allowed");
        }
        if (path.AsSpan().StartsWith("/"u8) && !mayBeAbsolute)
        {
            throw fault.Refused(entry, $"has an absolute {what}; make the archive with names that begin at its root");
        }
        var parts = new List<byte[]>();
        foreach (var range in path.AsSpan().Split((byte)'/'))
        {
            var part = path.AsSpan()[range];
            if (part.IsEmpty || part.SequenceEqual("."u8))
            {
                continue;
            }
            if (!HeldDirectory.IsName(part))
            {
                throw fault.Refused(entry, part.SequenceEqual(".."u8) ? $"has a {what} with \"..\" in it" : $"has a {what} with a part longer than {HeldDirectory.LongestName} bytes");
            }
            parts.Add(part.ToArray());
        }
        return parts.Count <= limits.MostDepth
            ? [.. parts]
            : throw fault.Refused(entry, $"lies {parts.Count} levels deep, and {limits.MostDepth} are allowed");
    }
}
