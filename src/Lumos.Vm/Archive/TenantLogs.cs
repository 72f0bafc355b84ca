using System.Collections.Immutable;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Vm.Create;

namespace Lumos.Vm.Archive;

/// <summary>The logs in a zone's root that an archive keeps: which, and how much of each.</summary>
/// <param name="Root">Of the zone.</param>
/// <param name="Files">Paths in the zone, the folder in the archive, and bytes.</param>
/// <param name="LeftOut">Files for which there is no room.</param>
internal sealed record TenantLogs(string Root, ImmutableArray<(string Path, string Folder, long Bytes)> Files, int LeftOut)
{
    /// <summary>Of one file, its end; of all together.</summary>
    public const long MostOfFile = 16 << 20, MostOfLogs = 256 << 20;

    /// <summary>A tenant may have made a million files.</summary>
    private const int MostFiles = 10_000;

    public long Bytes => Files.Sum(f => f.Bytes);

    /// <summary>Looks which there are; a zone without a root has none.</summary>
    public static TenantLogs Of(VmSpec vm)
    {
        string path = ZoneRootFiles.RootOf(vm.ZonePath);
        if (!Directory.Exists(path))
        {
            return new TenantLogs(path, [], 0);
        }
        var found = new List<(string Path, string Folder, long Bytes)>();
        using var root = RootedDirectory.Open(path);
        foreach (var (folder, pattern, target) in Places(vm.Brand))
        {
            foreach (string name in Names(root, folder).Where(name => pattern is null || name.StartsWith(pattern, StringComparison.Ordinal)))
            {
                if (root.Status($"{folder}/{name}") is { Kind: FileKind.Regular } status)
                {
                    found.Add(($"{folder}/{name}", target, Math.Min(status.Size, MostOfFile)));
                }
            }
        }
        // Small ones first: a huge one is not to cost many others.
        long bytes = 0;
        var files = found.OrderBy(f => f.Bytes).TakeWhile(f => (bytes += f.Bytes) <= MostOfLogs).ToImmutableArray();
        return new TenantLogs(path, files, found.Count - files.Length);
    }

    /// <summary>Copies them; what is said of those that are not whole or not there.</summary>
    public IReadOnlyList<string> CopyTo(string archive)
    {
        var said = new List<string>();
        if (Files.Length == 0 && LeftOut == 0)
        {
            return said;
        }
        using var root = RootedDirectory.Open(Root);
        foreach (var (path, folder, bytes) in Files)
        {
            string target = Directory.CreateDirectory(Path.Combine(archive, folder), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
            try
            {
                using var from = root.OpenRead(path).IntoStream(FileAccess.Read);
                if (from.Length > bytes)
                {
                    said.Add($"of {path} its last {bytes} bytes are archived");
                    from.Seek(-bytes, SeekOrigin.End);
                }
                using var to = new FileStream(Path.Combine(target, Path.GetFileName(path)), new FileStreamOptions
                {
                    Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                });
                Copy(from, to, bytes);
            }
            catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.EINVAL or Errno.ENOTDIR or Errno.ELOOP)
            {
                // The tenant took it away, or put something else there, since we looked.
            }
        }
        if (LeftOut > 0)
        {
            said.Add($"{LeftOut} logs in the zone's root are not archived: together they are more than {MostOfLogs >> 20} MiB");
        }
        return said;
    }

    private static IEnumerable<(string Folder, string? Pattern, string Target)> Places(string brand) => brand == "lx"
        ? [("/var/log", null, "logs")]
        : [("/var/svc/log", null, "svclogs"), ("/var/log", "messages", "admmsgs"), ("/var/adm", "messages", "admmsgs")];

    private static List<string> Names(RootedDirectory root, string folder)
    {
        try
        {
            using var fd = root.Resolve(folder, OpenFlags.ReadOnly | OpenFlags.Directory);
            return [.. Directory.EnumerateFileSystemEntries($"/proc/self/fd/{fd.Number}").Take(MostFiles).Select(e => Path.GetFileName(e)!).Order(StringComparer.Ordinal)];
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
        {
            return [];
        }
    }

    // No more than was counted on, however the file grows meanwhile.
    private static void Copy(Stream from, Stream to, long bytes)
    {
        byte[] buffer = new byte[65536];
        int got;
        while (bytes > 0 && (got = from.Read(buffer, 0, (int)Math.Min(buffer.Length, bytes))) > 0)
        {
            to.Write(buffer, 0, got);
            bytes -= got;
        }
    }
}
