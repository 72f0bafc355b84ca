using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Imgapi.Model;
using Lumos.Linux.Files;

namespace Lumos.Imgapi.Store;

// Purpose. The images that the server has, on the disk and in memory.
//
// On disk. blobs/SHA256 is a file of an image or an icon, by its content: two images of the same file share it, and a name never
// changes its bytes. images/UUID.json is the record of an image and names its blobs. incoming/ holds what is coming.
//
// Order. A blob is whole and on the disk before the record that names it is written; a record is gone before the blobs that only it
// named. So at every moment of a power cut or a kill each record is whole and has its blobs; what may be left over is a blob that
// nobody names, or something in incoming/, and the next start removes both.
//
// In memory. The index of all records, replaced as a whole at each change. Changes go one at a time; readers never wait. A file that
// is being sent stays readable after its name is gone, as Unix has it.
//
// Tests. RepositoryTests: leftovers, order, kill.

/// <summary>The images of a server.</summary>
public sealed class ImageRepository : IDisposable
{
    private readonly FileLock _held;
    private readonly SemaphoreSlim _change = new(1);
    private readonly Action<string> _warn;
    private volatile ImageIndex _index;
    private bool _damaged;

    private ImageRepository(StorePaths paths, FileLock held, Action<string> warn)
    {
        Paths = paths;
        _held = held;
        _warn = warn;
        _index = ImageIndex.Of(Load());
        Sweep();
    }

    public StorePaths Paths { get; }

    public ImageIndex Index => _index;

    /// <summary>Takes the folder (made when missing), reads its records, removes what a server that was killed has left.</summary>
    /// <param name="warn">Told of records that are damaged; they are left alone and not shown.</param>
    /// <exception cref="LumosException">StoreInUse: another server works there.</exception>
    public static ImageRepository Open(StorePaths paths, Action<string> warn)
    {
        foreach (string folder in new[] { paths.Root, paths.Images, paths.Blobs, paths.Incoming })
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        FileLock held;
        try
        {
            held = FileLock.Acquire(Path.GetFullPath(paths.Lock), TimeSpan.Zero);
        }
        catch (LumosException e) when (e.Code == "LockTimeout")
        {
            throw new LumosException("StoreInUse", $"another image server works in {paths.Root}", inner: e);
        }
        try
        {
            return new ImageRepository(paths, held, warn);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>A file that is to come; the caller disposes of it in any case.</summary>
    public IncomingFile Receive(bool withSha512) => new(Paths.Incoming, withSha512);

    /// <summary>Adds an image.</summary>
    /// <exception cref="ImgapiException">ImageUuidAlreadyExists, OriginDoesNotExist.</exception>
    public Task<StoredImage> Add(StoredImage image, CancellationToken stop) => Change(() =>
    {
        if (_index.Find(image.Uuid) is not null)
        {
            throw new ImgapiException("ImageUuidAlreadyExists", $"image {image.Uuid} is here already");
        }
        if (image.Origin is { } origin && _index.Find(origin) is null)
        {
            throw new ImgapiException("OriginDoesNotExist", $"image {image} is an increment of image {origin}, which is not here");
        }
        return Save(image);
    }, stop);

    /// <summary>Changes an image as a function of what it is at that moment.</summary>
    public Task<StoredImage> Update(Uuid uuid, Func<StoredImage, StoredImage> change, CancellationToken stop) =>
        Change(() => Replace(Require(uuid), change), stop);

    /// <summary>Takes a file that has come into the store and changes the image with it, or neither.</summary>
    public Task<StoredImage> Take(IncomingFile incoming, Uuid uuid, Func<StoredImage, StoredFile, StoredImage> change, CancellationToken stop)
    {
        var file = incoming.Finish(); // before anybody has to wait for it
        return Change(() =>
        {
            var before = Require(uuid);
            var after = change(before, file);
            string blob = Paths.Blob(file.Sha256);
            bool isNew = !File.Exists(blob);
            if (isNew)
            {
                File.Move(incoming.Path, blob);
                DurableFile.SyncDirectory(Paths.Blobs);
            }
            try
            {
                return Replace(before, _ => after);
            }
            catch when (isNew)
            {
                File.Delete(blob);
                throw;
            }
        }, stop);
    }

    /// <summary>Adds an image that is whole already, such as a mirror's, with the file that has come for it.</summary>
    public async Task<StoredImage> AddWhole(IncomingFile incoming, Func<StoredFile, StoredImage> make, CancellationToken stop)
    {
        var file = incoming.Finish();
        return await Change(() =>
        {
            var image = make(file);
            if (_index.Find(image.Uuid) is { } there)
            {
                return there;
            }
            string blob = Paths.Blob(file.Sha256);
            if (!File.Exists(blob))
            {
                File.Move(incoming.Path, blob);
                DurableFile.SyncDirectory(Paths.Blobs);
            }
            return Save(image);
        }, stop).ConfigureAwait(false);
    }

    /// <summary>Removes an image, its file and its icon.</summary>
    /// <param name="check">Throws when it may not go.</param>
    /// <exception cref="ImgapiException">ImageHasDependentImages.</exception>
    public Task Remove(Uuid uuid, Action<StoredImage> check, CancellationToken stop) => Change(() =>
    {
        var image = Require(uuid);
        check(image);
        if (_index.DependentsOf(uuid).FirstOrDefault() is { } dependent)
        {
            throw new ImgapiException("ImageHasDependentImages", $"image {image} cannot be deleted: image {dependent} is an increment of it");
        }
        AtomicFile.Remove(Paths.Record(uuid));
        _index = _index.Without(uuid);
        DropUnused(image.Blobs);
        return image;
    }, stop);

    /// <summary>The bytes of a blob, readable to the end even when the image is deleted meanwhile.</summary>
    public FileStream OpenBlob(StoredFile file) =>
        new(Paths.Blob(file.Sha256), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 0, FileOptions.Asynchronous);

    public void Dispose()
    {
        _held.Dispose();
        _change.Dispose();
    }

    private StoredImage Require(Uuid uuid) => _index.Find(uuid) ?? throw ImgapiException.NotFound($"image {uuid}");

    private StoredImage Replace(StoredImage before, Func<StoredImage, StoredImage> change)
    {
        var after = Save(change(before));
        DropUnused(before.Blobs.Except(after.Blobs));
        return after;
    }

    private StoredImage Save(StoredImage image)
    {
        AtomicFile.Write(Paths.Record(image.Uuid), System.Text.Encoding.UTF8.GetString(ImageRecord.Write(image)) + "\n");
        _index = _index.With(image);
        return image;
    }

    private void DropUnused(IEnumerable<string> blobs)
    {
        foreach (string blob in blobs.Where(b => !_damaged && !_index.Uses(b))) // a record that cannot be read may name any of them
        {
            File.Delete(Paths.Blob(blob));
        }
    }

    // Once it has begun it goes through, whether or not the client still waits.
    private async Task<T> Change<T>(Func<T> change, CancellationToken stop)
    {
        await _change.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            return change();
        }
        finally
        {
            _ = _change.Release();
        }
    }

    private IEnumerable<StoredImage> Load()
    {
        foreach (string path in Directory.EnumerateFiles(Paths.Images))
        {
            if (DurableFile.TargetOf(path) is not null)
            {
                File.Delete(path);
                continue;
            }
            StoredImage image;
            try
            {
                image = ImageRecord.Read(File.ReadAllBytes(path), path);
                if (path != Paths.Record(image.Uuid))
                {
                    throw new LumosException("DamagedRecord", $"{path} is the record of image {image.Uuid}, whose name is another");
                }
                if (image.Blobs.FirstOrDefault(b => !File.Exists(Paths.Blob(b))) is { } missing)
                {
                    throw new LumosException("BlobMissing", $"image {image} is not shown: its file {Paths.Blob(missing)} is gone");
                }
            }
            catch (Exception e) when (e is LumosException or UnauthorizedAccessException)
            {
                _warn(LumosException.Describe(e));
                _damaged = true;
                continue;
            }
            yield return image;
        }
    }

    private void Sweep()
    {
        foreach (string path in Directory.EnumerateFiles(Paths.Incoming))
        {
            File.Delete(path);
        }
        if (_damaged)
        {
            return;
        }
        var used = _index.All.SelectMany(i => i.Blobs).ToHashSet();
        foreach (string path in Directory.EnumerateFiles(Paths.Blobs).Where(p => !used.Contains(Path.GetFileName(p))))
        {
            File.Delete(path);
        }
    }
}
