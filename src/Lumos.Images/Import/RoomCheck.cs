using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Store;
using Lumos.Linux.Mounts;

namespace Lumos.Images.Import;

/// <summary>
/// Whether there can be room for images, before anything of them is fetched. What they will take is not known, for files are
/// compressed; that they take no less than their files is. The rest is for the pool to say, and a full one leaves nothing of an image.
/// </summary>
internal static class RoomCheck
{
    // What the file system of downloads keeps for others while we fill it.
    private const long Reserve = 256L << 20;

    /// <exception cref="LumosException">NoSpace</exception>
    public static void OfPool(ImageStore store, string pool, long bytes, string what)
    {
        string? text = store.Datasets.GetProperties(DatasetName.Parse(pool), "available")["available"];
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long available) && available < bytes)
        {
            throw new LumosException("NoSpace", $"{what} needs {new ByteCount(bytes)} or more, and pool {pool} has {new ByteCount(available)} left");
        }
    }

    /// <summary>Bytes that a file in the folder of downloads may come to have, when nobody knows before how many it will be.</summary>
    public static long LeftForDownloads(ImagePaths paths) => Math.Max(0, FileSystemUsage.Of(DownloadFolder.Make(paths)).Available - Reserve);

    /// <exception cref="LumosException">NoSpace</exception>
    public static void OfDownloads(ImageStore store, long bytes, string what)
    {
        string folder = DownloadFolder.Make(store.Paths);
        long available = FileSystemUsage.Of(folder).Available;
        if (available < bytes)
        {
            throw new LumosException("NoSpace", $"{what} needs {new ByteCount(bytes)} in {folder} while it is downloaded, and {new ByteCount(available)} are left there");
        }
    }
}
