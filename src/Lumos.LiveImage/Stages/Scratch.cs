using Lumos.Core;
using Lumos.Linux.Mounts;

namespace Lumos.LiveImage.Stages;

/// <summary>Folders that are ours to throw away.</summary>
public static class Scratch
{
    /// <summary>Deletes a tree without following links; an absent one is fine.</summary>
    public static void Delete(string path)
    {
        var info = new DirectoryInfo(path);
        if (info.LinkTarget is not null)
        {
            info.Delete();
        }
        else if (info.Exists)
        {
            // A tree that a tool was killed in may still have /dev or /sys of this machine mounted: never delete through those.
            string below = Path.TrimEndingDirectorySeparator(info.FullName) + "/";
            if (MountTable.Read().FirstOrDefault(m => m.Target.StartsWith(below, StringComparison.Ordinal)) is { } mount)
            {
                throw new LumosException("StillMounted", $"{mount.Target} is still mounted; unmount it, then {path} can be deleted");
            }
            info.Delete(recursive: true); // .NET removes links themselves, never what they point to
        }
    }

    /// <summary>Runs <paramref name="use"/> with an empty folder that is gone afterwards.</summary>
    public static void With(string parent, string name, Action<string> use)
    {
        string path = Path.Combine(parent, $".{name}-{Guid.NewGuid():N}");
        Directory.CreateDirectory(path);
        try
        {
            use(path);
        }
        finally
        {
            Delete(path);
        }
    }
}
