using System.Globalization;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;

namespace Lumos.Zones.Cores;

/// <summary>
/// A folder of cores, kept within bounds: a core that is too long is cut off, and the oldest go when there are too many or too much. The
/// folder is beside a zone's root, where nobody of the zone reaches; even so no link in it is followed. On ZFS the zone's quota bounds
/// it besides, since it lies in the zone's dataset.
/// </summary>
public sealed class CoreFolder(string path)
{
    /// <summary>The longest one core.</summary>
    public long MostBytes { get; init; } = 1L << 30;

    /// <summary>The most all of them together.</summary>
    public long MostBytesInAll { get; init; } = 2L << 30;

    public int MostFiles { get; init; } = 10;

    /// <summary>Writes a core and returns its path and length, and whether it was cut off.</summary>
    public (string File, long Length, bool Cut) Write(string program, int pid, DateTimeOffset time, Stream core)
    {
        const UnixFileMode rootOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path, rootOnly);
        }
        using var folder = RootedDirectory.Open(path);
        string name = string.Create(CultureInfo.InvariantCulture, $"core.{Plain(program)}.{pid}");
        folder.Remove(name); // of an earlier process of that number
        MakeRoom();
        using var file = folder.Resolve(name, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow, 0x180 /* 0600 */);
        long length = 0;
        byte[] buffer = new byte[1 << 20];
        int got;
        while ((got = core.Read(buffer)) > 0)
        {
            int keep = (int)Math.Min(got, MostBytes - length);
            try
            {
                file.WriteAll(buffer.AsSpan(0, keep));
            }
            catch (ErrnoException e) when (e.Errno is Errno.ENOSPC or Errno.EDQUOT)
            {
                // Half a core is worth little, and the room is somebody's: none is left.
                folder.Remove(name);
                throw new LumosException("NoRoomForCore", $"no room for the core of {name}", inner: e);
            }
            length += keep;
            if (keep < got)
            {
                return (Path.Combine(path, name), length, true);
            }
        }
        return (Path.Combine(path, name), length, false);
    }

    // Room for one more of the greatest length, the newest staying.
    private void MakeRoom()
    {
        var files = new DirectoryInfo(path).EnumerateFiles("core.*").Where(f => f.LinkTarget is null).OrderByDescending(f => f.LastWriteTimeUtc).ToList();
        long sum = 0;
        for (int i = 0; i < files.Count; i++)
        {
            sum += files[i].Length;
            if (i >= MostFiles - 1 || sum > MostBytesInAll - MostBytes)
            {
                files[i].Delete();
            }
        }
    }

    /// <summary>A program's name, which is the tenant's choice, as part of a file's.</summary>
    internal static string Plain(string program)
    {
        string plain = string.Concat(program.Take(32).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '+' ? c : '_'));
        return plain.Length > 0 ? plain : "_";
    }
}
