using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;
using Lumos.Vm.Create;

namespace Lumos.Vm.Archive;

/// <summary>
/// The logs in a zone's root that an archive keeps: which, and how much of each. What the tenant put there never refuses a delete: a log that cannot be
/// read is told of and left out. What fails in the archive itself does.
/// </summary>
/// <param name="Root">Of the zone.</param>
/// <param name="Files">Paths in the zone, the folder in the archive, and bytes.</param>
/// <param name="LeftOut">Files for which there is no room.</param>
/// <param name="Faults">What could not be looked at, and why.</param>
internal sealed record TenantLogs(string Root, ImmutableArray<(string Path, string Folder, long Bytes)> Files, int LeftOut, ImmutableArray<string> Faults)
{
    /// <summary>Of one file, its end; of all together.</summary>
    public const long MostOfFile = 16 << 20, MostOfLogs = 256 << 20;

    /// <summary>A tenant may have made a million files.</summary>
    private const int MostFiles = 10_000;

    /// <summary>Nobody reads more warnings of one delete.</summary>
    private const int MostFaults = 20;

    public long Bytes => Files.Sum(f => f.Bytes);

    /// <summary>Looks which there are; a zone without a root has none.</summary>
    public static TenantLogs Of(VmSpec vm)
    {
        string path = ZoneRootFiles.RootOf(vm.ZonePath);
        if (!Directory.Exists(path))
        {
            return new TenantLogs(path, [], 0, []);
        }
        var found = new List<(string Path, string Folder, long Bytes)>();
        var faults = new List<string>();
        using var root = RootedDirectory.Open(path);
        foreach (var (folder, pattern, target) in Places(vm.Brand))
        {
            foreach (string name in Names(root, folder, faults).Where(name => pattern is null || name.StartsWith(pattern, StringComparison.Ordinal)))
            {
                string file = $"{folder}/{name}";
                try
                {
                    if (root.Status(file) is { Kind: FileKind.Regular } status)
                    {
                        found.Add((file, target, Math.Min(status.Size, MostOfFile)));
                    }
                }
                catch (Exception e) when (IsOfReading(e))
                {
                    faults.Add(NotArchived(file, e));
                }
            }
        }
        // Small ones first: a huge one is not to cost many others.
        long bytes = 0;
        var files = found.OrderBy(f => f.Bytes).TakeWhile(f => (bytes += f.Bytes) <= MostOfLogs).ToImmutableArray();
        return new TenantLogs(path, files, found.Count - files.Length, [.. faults]);
    }

    /// <summary>Copies them; what is said of those that are not whole or not there.</summary>
    /// <exception cref="IOException">The archive cannot be written.</exception>
    public IReadOnlyList<string> CopyTo(string archive)
    {
        var said = new List<string>();
        var faults = new List<string>(Faults);
        if (Files.Length > 0)
        {
            using var root = RootedDirectory.Open(Root);
            foreach (var (path, folder, bytes) in Files)
            {
                string target = Directory.CreateDirectory(Path.Combine(archive, folder), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
                try
                {
                    using var from = Reading(() => root.OpenRead(path).IntoStream(FileAccess.Read));
                    if (Reading(() => from.Length) > bytes)
                    {
                        said.Add($"of {path} its last {bytes} bytes are archived");
                        Reading(() => from.Seek(-bytes, SeekOrigin.End));
                    }
                    using var to = new FileStream(Path.Combine(target, Path.GetFileName(path)), new FileStreamOptions
                    {
                        Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                    });
                    Copy(from, to, bytes);
                }
                catch (UnreadableException e)
                {
                    faults.Add(NotArchived(path, e.InnerException!));
                }
            }
        }
        if (LeftOut > 0)
        {
            said.Add($"{LeftOut} logs in the zone's root are not archived: together they are more than {MostOfLogs >> 20} MiB");
        }
        said.AddRange(faults.Take(MostFaults));
        if (faults.Count > MostFaults)
        {
            said.Add($"{faults.Count - MostFaults} more logs in the zone's root are not archived whole");
        }
        return said;
    }

    // Both places may hold a file of the same name.
    private static IEnumerable<(string Folder, string? Pattern, string Target)> Places(string brand) => brand == "lx"
        ? [("/var/log", null, "logs")]
        : [("/var/svc/log", null, "svclogs"), ("/var/log", "messages", "admmsgs"), ("/var/adm", "messages", "admmsgs/adm")];

    private static List<string> Names(RootedDirectory root, string folder, List<string> faults)
    {
        try
        {
            using var fd = root.Resolve(folder, OpenFlags.ReadOnly | OpenFlags.Directory);
            var names = Directory.EnumerateFileSystemEntries($"/proc/self/fd/{fd.Number}").Take(MostFiles + 1).Select(e => Path.GetFileName(e)!).ToList();
            if (names.Count > MostFiles)
            {
                faults.Add($"{folder} holds more than {MostFiles} files: some are not archived");
                names.RemoveAt(MostFiles);
            }
            return [.. names.Order(StringComparer.Ordinal)];
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT)
        {
            return [];
        }
        catch (Exception e) when (IsOfReading(e))
        {
            faults.Add(NotArchived(folder, e));
            return [];
        }
    }

    private static bool IsOfReading(Exception e) => e is IOException or UnauthorizedAccessException;

    private static string NotArchived(string path, Exception why) => $"{path} of the zone is not archived: {LumosException.Describe(why)}";

    /// <summary>A log of the tenant's that cannot be read, told apart from an archive that cannot be written.</summary>
    private sealed class UnreadableException(Exception why) : Exception(why.Message, why);

    private static T Reading<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (IsOfReading(e))
        {
            throw new UnreadableException(e);
        }
    }

    // No more than was counted on, however the file grows meanwhile.
    private static void Copy(Stream from, Stream to, long bytes)
    {
        byte[] buffer = new byte[65536];
        int got;
        while (bytes > 0 && (got = Reading(() => from.Read(buffer, 0, (int)Math.Min(buffer.Length, bytes)))) > 0)
        {
            to.Write(buffer, 0, got);
            bytes -= got;
        }
    }
}
