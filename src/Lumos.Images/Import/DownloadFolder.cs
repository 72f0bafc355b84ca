using Lumos.Core;
using Lumos.Images.Store;

namespace Lumos.Images.Import;

/// <summary>The folder of what is being downloaded: ours alone.</summary>
internal static class DownloadFolder
{
    /// <summary>Makes it where it is missing, and returns its path.</summary>
    /// <exception cref="LumosException">UnsafeCache</exception>
    public static string Make(ImagePaths paths)
    {
        string folder = paths.Downloads;
        // /var/tmp is everybody's: a link put there in our place must not lead us elsewhere.
        if (new DirectoryInfo(folder).LinkTarget is not null)
        {
            throw new LumosException("UnsafeCache", $"{folder} is a symbolic link; remove it");
        }
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }
}
