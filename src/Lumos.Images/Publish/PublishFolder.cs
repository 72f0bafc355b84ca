using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Images.Store;

namespace Lumos.Images.Publish;

/// <summary>
/// Where the files of imgadm create -p are until they are on the server: /var/tmp/.imgadm-publish/VM, gone in the end. A run that was
/// killed leaves it, and the next of the same VM begins by removing it.
/// </summary>
internal sealed class PublishFolder : IDisposable
{
    private const UnixFileMode OwnersAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly FileLock _held;

    public PublishFolder(ImagePaths paths, Uuid vm)
    {
        string all = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(paths.Downloads)!, ".imgadm-publish");
        // /var/tmp is everybody's: a link put there in our place must not lead us elsewhere.
        if (new DirectoryInfo(all).LinkTarget is not null)
        {
            throw new LumosException("UnsafeCache", $"{all} is a symbolic link; remove it");
        }
        _ = Directory.CreateDirectory(all, OwnersAlone);
        Path = System.IO.Path.Combine(all, vm.ToString());
        _held = FileLock.Acquire(System.IO.Path.GetFullPath(System.IO.Path.Combine(paths.Locks, $"img.{vm}.publish.lock")));
        Remove();
        _ = Directory.CreateDirectory(Path, OwnersAlone);
    }

    public string Path { get; }

    /// <summary>The one file beside the manifest.</summary>
    public string ImageFile => Directory.EnumerateFiles(Path).Single(f => !f.EndsWith(".imgmanifest", StringComparison.Ordinal));

    public void Dispose()
    {
        Remove();
        _held.Dispose();
    }

    private void Remove()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
