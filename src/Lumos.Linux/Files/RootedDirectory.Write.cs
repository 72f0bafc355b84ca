using System.Security.Cryptography;
using System.Text;
using Lumos.Linux.Handles;
using Lumos.Linux.Interop;

namespace Lumos.Linux.Files;

/// <summary>Files that are put in place.</summary>
public sealed unsafe partial class RootedDirectory
{
    /// <summary>
    /// Puts a file in place as a whole (temporary beside it, fsync, rename, fsync of the directory). What was there, a
    /// link too, is replaced, never followed.
    /// </summary>
    public void Write(string path, ReadOnlySpan<byte> content, int mode = 0x1a4, uint user = 0, uint group = 0)
    {
        using var parent = OpenParent(path, out string name);
        Put(parent, name, path, content, mode, (user, group), sync: true);
        Sync(parent);
    }

    /// <inheritdoc cref="Write(string, ReadOnlySpan{byte}, int, uint, uint)"/>
    public void Write(string path, string content, int mode = 0x1a4, uint user = 0, uint group = 0) =>
        Write(path, Encoding.UTF8.GetBytes(content), mode, user, group);

    /// <summary>Puts several files in place, each as a whole and in their order, for one fsync of each directory.</summary>
    /// <param name="sync">False: nothing is brought to the disk; the caller does it for all he writes.</param>
    public void WriteAll(IReadOnlyList<FileContent> files, bool sync = true, uint user = 0, uint group = 0)
    {
        var parents = new Dictionary<string, FileDescriptor>(StringComparer.Ordinal);
        try
        {
            foreach (var file in files)
            {
                var parent = OpenParent(file.Path, out string name);
                if (!parents.TryAdd(file.Path[..^name.Length], parent))
                {
                    parent.Dispose();
                    parent = parents[file.Path[..^name.Length]];
                }
                Put(parent, name, file.Path, file.Content, file.Mode, (user, group), sync);
            }
            foreach (var parent in sync ? parents.Values.ToList() : [])
            {
                Sync(parent);
            }
        }
        finally
        {
            foreach (var parent in parents.Values)
            {
                parent.Dispose();
            }
        }
    }

    /// <summary>
    /// Where a file is written before it takes its name: one place for each name, so that what a writer who was killed left there goes with the next write, and no
    /// zone fills up with them. Whoever writes into a zone's root holds its lock; a tenant who plants something there has planted it for himself: it is unlinked, never
    /// followed or opened, and a directory is an error.
    /// </summary>
    internal static string TemporaryOf(string name) => $".lumos-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..12]}.tmp";

    private static void Put(FileDescriptor parent, string name, string path, ReadOnlySpan<byte> content, int mode, (uint User, uint Group) owner, bool sync)
    {
        string temporary = TemporaryOf(name);
        if (Libc.unlinkat(parent.Number, temporary, 0) != 0 && SystemCall.LastErrno is var errno and not Errno.ENOENT)
        {
            throw new ErrnoException($"remove {path[..^name.Length]}{temporary}, which is in the way of {path}", errno);
        }
        const int flags = Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_NOFOLLOW | Libc.O_CLOEXEC;
        using var file = new FileDescriptor(SystemCall.Checked(Libc.openat(parent.Number, temporary, flags, 0x180), $"write {path}"));
        bool renamed = false;
        try
        {
            file.WriteAll(content);
            file.SetOwner(owner.User, owner.Group);
            file.SetMode(mode);
            if (sync)
            {
                file.Sync();
            }
            _ = SystemCall.Checked(Libc.renameat(parent.Number, temporary, parent.Number, name), $"write {path}");
            renamed = true;
        }
        finally
        {
            if (!renamed)
            {
                _ = Libc.unlinkat(parent.Number, temporary, 0);
            }
        }
    }

    private static void Sync(FileDescriptor directory)
    {
        // fsync wants more than an O_PATH descriptor.
        using var open = new FileDescriptor(SystemCall.Checked(
            Libc.openat(directory.Number, ".", Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0), "open directory"));
        open.Sync();
    }
}
