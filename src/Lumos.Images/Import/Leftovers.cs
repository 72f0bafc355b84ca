using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Files;
using Lumos.Images.Files;
using Lumos.Images.Oci;
using Lumos.Images.Store;

namespace Lumos.Images.Import;

/// <summary>
/// What imports and deletions leave that were killed: datasets POOL/UUID-partial with what is mounted of them, and downloads that nobody
/// went on with. Whoever works at one holds a lock that ends with him, so that a lock which is free says that nobody does.
/// What cannot be removed is told of, and is no failure of whoever came to do something else.
/// </summary>
public sealed class Leftovers(ImageStore store, Action<string> warn)
{
    /// <summary>A download that was cut is kept this long for the import that goes on with it.</summary>
    public static readonly TimeSpan DownloadsAreKept = TimeSpan.FromDays(7);

    /// <summary>Destroys datasets.</summary>
    /// <param name="pretend">Only says which.</param>
    /// <returns>Their names.</returns>
    public IReadOnlyList<string> RemovePartials(bool pretend = false)
    {
        var removed = new List<string>();
        foreach (var entry in store.Datasets.List(null, DatasetKinds.Live, 1, [ImageStore.IgnoreProperty]))
        {
            if (entry[ImageStore.IgnoreProperty] is null && ImageOf(entry.Dataset) is { } uuid && WhileFree(ImageInstaller.LockOf(uuid), () => pretend || Destroy(entry.Dataset)))
            {
                removed.Add(entry.Dataset.Value);
            }
        }
        return removed;
    }

    /// <summary>Removes downloads that nobody has touched for long.</summary>
    /// <param name="pretend">Only says which.</param>
    /// <returns>Their paths.</returns>
    public IReadOnlyList<string> RemoveDownloads(DateTime now, bool pretend = false)
    {
        if (!Directory.Exists(store.Paths.Downloads))
        {
            return [];
        }
        var removed = new List<string>();
        foreach (var entry in new DirectoryInfo(DownloadFolder.Make(store.Paths)).GetFileSystemInfos().OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            if (IsOurs(entry.Name, out string? lockName) && WhileFree(lockName, () => IsOld(entry, now) && (pretend || Delete(entry))))
            {
                removed.Add(entry.FullName);
            }
        }
        return removed;
    }

    /// <summary>The image whose half a dataset is; null: it is none.</summary>
    private static Uuid? ImageOf(DatasetName dataset) =>
        dataset.Parent is { Parent: null } && dataset.Leaf.EndsWith(ImageInstaller.PartialEnding, StringComparison.Ordinal)
            && dataset.Leaf[..^ImageInstaller.PartialEnding.Length] is var text && Uuid.TryParse(text, out var uuid) && uuid.ToString() == text ? uuid : null;

    /// <param name="lockName">Null: nobody works at such a one for longer than it takes to make it.</param>
    private static bool IsOurs(string name, out string? lockName)
    {
        string stem = Path.GetFileNameWithoutExtension(name);
        lockName = Path.GetExtension(name) switch
        {
            ".file" when Uuid.TryParse(stem, out var uuid) => ImageInstaller.LockOf(uuid),
            ".blob" when stem.Split('-') is [_, var digits] => BlobCache.LockOf(digits),
            "" when RemoteFile.IsSum(name) => RemoteFile.LockOf(name),
            _ => null,
        };
        return lockName is not null || name.StartsWith("disk.", StringComparison.Ordinal) || (name.StartsWith("archive-", StringComparison.Ordinal) && name.EndsWith(".tar", StringComparison.Ordinal));
    }

    private static bool IsOld(FileSystemInfo entry, DateTime now)
    {
        entry.Refresh();
        var written = entry is DirectoryInfo { LinkTarget: null } folder ? folder.GetFiles().Select(f => f.LastWriteTimeUtc).Append(entry.LastWriteTimeUtc).Max() : entry.LastWriteTimeUtc;
        return entry.Exists && now - written > DownloadsAreKept;
    }

    private bool WhileFree(string? lockName, Func<bool> act)
    {
        using var held = lockName is null ? null : FileLock.TryAcquire(Path.Combine(Path.GetFullPath(store.Paths.Locks), lockName));
        return (lockName is null || held is not null) && act();
    }

    private bool Destroy(DatasetName partial)
    {
        try
        {
            if (!store.Datasets.Exists(partial))
            {
                return false; // somebody was faster
            }
            store.Datasets.Destroy(partial, recursive: true); // which unmounts it
            foreach (string place in (string[])[store.Paths.MountPoint(partial), ArchiveContent.PlaceOf(store.Paths, partial)])
            {
                if (Directory.Exists(place))
                {
                    Directory.Delete(place);
                }
            }
            return true;
        }
        catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
        {
            warn($"{partial}, which an import that was cut has left, stays: {LumosException.Describe(e)}");
            return false;
        }
    }

    private bool Delete(FileSystemInfo entry)
    {
        try
        {
            if (entry is DirectoryInfo { LinkTarget: null } folder)
            {
                folder.Delete(recursive: true);
            }
            else
            {
                entry.Delete();
            }
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"{entry.FullName}, a download that nobody went on with, stays: {LumosException.Describe(e)}");
            return false;
        }
    }
}
