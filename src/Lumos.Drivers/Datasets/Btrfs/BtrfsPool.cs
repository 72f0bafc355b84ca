using System.Buffers.Binary;
using System.Text;
using Lumos.Core;
using Lumos.Drivers.Pools;
using Lumos.Drivers.Tools;
using Lumos.Linux.Btrfs;
using Lumos.Linux.Files;
using Lumos.Linux.Mounts;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>
/// A pool of datasets on btrfs: a sparse file with a file system of its own, or an empty directory of one that is there.
/// <para>
/// States: none → <see cref="Create"/> (a file, made under another name until it is whole) or <see cref="Adopt"/> →
/// <see cref="Open"/> (mounted at its root, strays of cut changes taken back, volumes shown) → <see cref="Close"/>. What is not
/// recognised as ours or empty is refused untouched. The file's loop device goes with its mount.
/// </para>
/// </summary>
/// <param name="name">The pool's name.</param>
/// <param name="root">Where the file system, or the directory adopted, is (to be) seen.</param>
/// <param name="file">The file it is in; null: an adopted directory, mounted by somebody else.</param>
/// <param name="volumeLinks">Where links to volumes' devices go.</param>
/// <param name="note">Gets sentences about what is not as it would be on ZFS.</param>
public sealed class BtrfsPool(string name, string root, string? file = null, string volumeLinks = "/dev/zvol", Action<string>? note = null)
{
    /// <summary>Below this btrfs itself has no room to work in.</summary>
    public const long SmallestSize = 256L << 20;

    private const string LabelPrefix = "lumos:", MakingEnding = ".making";

    private const int SuperBlock = 0x10000, MagicAt = 0x40, LabelAt = 0x12b, LabelLength = 256;

    public string Name => name;

    public string Root => root;

    /// <summary>What is in the pool; for when it is open.</summary>
    public BtrfsDatasets Datasets { get; } = new(name, root, volumeLinks, note);

    public bool IsOpen => Directory.Exists(new BtrfsLayout(root).Live);

    /// <summary>Makes the file and the file system in it, of so many bytes; nothing is made when that cannot be.</summary>
    /// <exception cref="LumosException">PoolExists, PoolHoldsData, PoolTooSmall, NoSpaceForPool, PoolFailed.</exception>
    public void Create(long bytes)
    {
        string path = RequireFile();
        if (!DatasetName.TryParse(name, out var dataset) || dataset.Parent is not null)
        {
            throw new LumosException("InvalidDatasetName", $"\"{name}\" is no name for a pool");
        }
        if (Path.Exists(path))
        {
            throw IsOurs(path, out string found)
                ? new LumosException("PoolExists", $"{path} holds the pool {found} already")
                : new LumosException("PoolHoldsData", $"{path} holds other data; it was left as it is. Name a file that does not exist yet");
        }
        if (bytes < SmallestSize)
        {
            throw new LumosException("PoolTooSmall", $"a pool of {new ByteCount(bytes)} is too small; btrfs wants {new ByteCount(SmallestSize)} at least");
        }
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        long free = FileSystemUsage.Of(NearestFolder(folder)).Available;
        if (free < bytes)
        {
            throw new LumosException("NoSpaceForPool", $"a pool of {new ByteCount(bytes)} does not fit: {folder} has {new ByteCount(free)} free");
        }
        Directory.CreateDirectory(folder);
        string making = path + MakingEnding;
        File.Delete(making); // what a cut left
        try
        {
            using (var handle = File.OpenHandle(making, FileMode.CreateNew, FileAccess.ReadWrite))
            {
                File.SetUnixFileMode(handle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                RandomAccess.SetLength(handle, bytes);
            }
            // One copy of metadata: two in one file would be lost together, and each costs a write at every commit.
            var made = Tool.Run("mkfs.btrfs", "-q", "-L", LabelPrefix + name, "-m", "single", "-d", "single", making);
            if (!made.Succeeded)
            {
                throw new LumosException("PoolFailed", $"cannot make a file system in {path}", inner: new ToolException(made));
            }
            File.Move(making, path);
            DurableFile.SyncDirectory(folder);
        }
        finally
        {
            File.Delete(making);
        }
    }

    /// <summary>Takes an empty directory of a btrfs file system for the pool, or the one it is in already.</summary>
    /// <exception cref="LumosException">PoolNotBtrfs, PoolHoldsData.</exception>
    public void Adopt()
    {
        if (!Directory.Exists(root))
        {
            throw new LumosException("PoolNotFound", $"there is no directory {root}");
        }
        if (FileSystemUsage.Of(root).Magic != FileSystemUsage.BtrfsMagic)
        {
            throw new LumosException("PoolNotBtrfs", $"{root} is not on btrfs; mount such a file system there, or let a file be made");
        }
        var entries = BtrfsLayout.Entries(root);
        if (entries.Any(e => e != BtrfsLayout.Folder) || (entries.Count > 0 && !IsOpen))
        {
            throw new LumosException("PoolHoldsData", $"{root} holds other data ({entries.First(e => e != BtrfsLayout.Folder || !IsOpen)}); it was left as it is. Name an empty directory");
        }
        Datasets.Initialise();
        if (!new BtrfsQuotas(new BtrfsLayout(root)).On)
        {
            // To turn them on is a change that kernels before 6.7 refuse to mount: not ours to decide on a file system of somebody's.
            note?.Invoke($"{root} has no simple quotas, so quotas are kept but do not act; \"btrfs quota enable --simple {root}\" turns them on while it is empty");
        }
    }

    /// <summary>Mounts the pool where it is not yet, brings it in order and shows its volumes.</summary>
    /// <param name="mount">And mounts its file systems.</param>
    public void Open(bool mount = true)
    {
        if (file is not null && !MountTable.IsMounted(root))
        {
            if (!File.Exists(file))
            {
                throw new LumosException("PoolNotFound", $"there is no pool in {file}: no such file");
            }
            if (!IsOurs(file, out string found) || found != name)
            {
                throw new LumosException("PoolHoldsData", found.Length > 0
                    ? $"{file} holds the pool {found}, not {name}"
                    : $"{file} holds other data; it was left as it is");
            }
            Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            // A transaction every 5 s, as ZFS has them: what is used and left is no older than that.
            LoopDevice.MountFile(Path.GetFullPath(file), Path.GetFullPath(root), "btrfs", MountFlags.None, "subvolid=5,commit=5", direct: true);
            if (!IsOpen && !QuotaGroups.TryEnableSimple(root))
            {
                note?.Invoke("this kernel has no simple quotas (they came with Linux 6.7): quotas are kept but do not act");
            }
            Datasets.Initialise();
        }
        if (!IsOpen)
        {
            throw new LumosException("PoolNotFound", $"there is no pool at {root}");
        }
        Datasets.Recover();
        if (mount)
        {
            Datasets.MountAll();
        }
    }

    /// <summary>Unmounts all, lets go of all devices, and of the file.</summary>
    public void Close()
    {
        if (IsOpen)
        {
            Datasets.Close();
        }
        if (file is not null)
        {
            _ = Mount.TryDetach(Path.GetFullPath(root));
        }
    }

    /// <summary>Size, free space and health: ONLINE; DEGRADED when a device has counted errors.</summary>
    public PoolFacts Facts()
    {
        var usage = FileSystemUsage.Of(root);
        string id = Subvolume.FileSystemId(root).ToString();
        return new PoolFacts(name, usage.Total, usage.Available, HasErrors(id) ? "DEGRADED" : "ONLINE", id, "-");
    }

    private static bool HasErrors(string id)
    {
        string devices = $"/sys/fs/btrfs/{id}/devinfo";
        return Directory.Exists(devices) && Directory.EnumerateDirectories(devices)
            .Select(d => Path.Combine(d, "error_stats")).Where(File.Exists)
            .SelectMany(File.ReadLines)
            .Any(line => line.Split(' ') is [_, var count] && count != "0");
    }

    private static bool IsOurs(string path, out string pool)
    {
        pool = "";
        byte[] block = new byte[LabelAt + LabelLength];
        using var stream = File.OpenRead(path);
        stream.Position = SuperBlock;
        if (stream.ReadAtLeast(block, block.Length, throwOnEndOfStream: false) < block.Length
            || BinaryPrimitives.ReadUInt64LittleEndian(block.AsSpan(MagicAt)) != 0x4d5f53665248425f)
        {
            return false;
        }
        string label = Encoding.UTF8.GetString(block.AsSpan(LabelAt)).TrimEnd('\0');
        pool = label.StartsWith(LabelPrefix, StringComparison.Ordinal) ? label[LabelPrefix.Length..] : "";
        return pool.Length > 0;
    }

    private string RequireFile() => file ?? throw new InvalidOperationException("a pool in a directory is adopted, not made");

    private static string NearestFolder(string folder) =>
        Directory.Exists(folder) ? folder : NearestFolder(Path.GetDirectoryName(folder)!);
}
