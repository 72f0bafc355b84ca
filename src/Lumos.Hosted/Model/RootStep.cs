namespace Lumos.Hosted.Model;

/// <summary>One thing done to put the root of a hosted global zone together. Paths are those inside; sources are the host's.</summary>
public abstract record RootStep(string Path)
{
    /// <summary>An empty folder.</summary>
    public sealed record Folder(string Path) : RootStep(Path);

    /// <summary>A small file.</summary>
    public sealed record Text(string Path, string Content) : RootStep(Path);

    /// <summary>A symbolic link.</summary>
    public sealed record Link(string Path, string Target) : RootStep(Path);

    /// <summary>A folder of the host shown here, with what is mounted below it.</summary>
    public sealed record Bind(string Path, string Source) : RootStep(Path);

    /// <summary>
    /// Folders shown as one, the first on top, read-only; named as they are seen inside, where a zone's view of them is made
    /// from the same names.
    /// </summary>
    public sealed record Layers(string Path, IReadOnlyList<string> Sources) : RootStep(Path);

    /// <summary>A folder, named as it is seen inside, that hides what layers have there.</summary>
    public sealed record Cover(string Path, string Source) : RootStep(Path);

    /// <summary>A file system of the kernel's.</summary>
    public sealed record KernelFileSystem(string Path, string Type) : RootStep(Path);
}
