using Lumos.Linux.Handles;

namespace Lumos.Linux.Files;

/// <summary>
/// Gives a tree to a range of ids: of each owner and group the low bits stay, the rest becomes the range's. So what belongs to
/// 0, or to the first id of another range, belongs to the first id of this one. What is in the range already is left alone, and
/// a run that was cut short is finished by another one.
/// </summary>
/// <remarks>
/// For trees that nobody uses meanwhile, whatever names and links somebody put there: each entry is opened by its name in a
/// directory that is held open, and no link is followed. POSIX ACLs and the owner in file capabilities stay as they are.
/// </remarks>
public static class OwnerRange
{
    private const int SetIdBits = 0b110_000_000_000;

    /// <param name="root">The tree's top; other file systems mounted below it are left out.</param>
    /// <param name="firstId">A multiple of <paramref name="count"/>.</param>
    /// <param name="count">Ids in the range: a power of two.</param>
    /// <returns>How many entries changed hands.</returns>
    public static long Give(string root, uint firstId, uint count)
    {
        uint low = count - 1;
        long changed = 0;
        using var top = HeldDirectory.Open(root);
        var first = FileStatus.Of(top.Handle);
        if (Needs(first))
        {
            top.Handle.SetOwner(In(first.User), In(first.Group));
            changed++;
        }
        // Directories that are open, from the top down, each with the names in it that are still to be looked at.
        var open = new Stack<(HeldDirectory Directory, Queue<byte[]> Left)>();
        try
        {
            open.Push((top, new Queue<byte[]>(top.Names())));
            while (open.TryPeek(out var at))
            {
                if (!at.Left.TryDequeue(out byte[]? name))
                {
                    _ = open.Pop();
                    if (at.Directory != top)
                    {
                        at.Directory.Dispose();
                    }
                    continue;
                }
                FileStatus status;
                using (var entry = at.Directory.OpenFile(name, OpenFlags.PathOnly))
                {
                    status = FileStatus.Of(entry);
                }
                if ((status.FsMajor, status.FsMinor) != (first.FsMajor, first.FsMinor))
                {
                    continue;
                }
                if (Needs(status))
                {
                    at.Directory.SetOwner(name, In(status.User), In(status.Group));
                    if (status.Kind == FileKind.Regular && (status.Mode & SetIdBits) != 0)
                    {
                        at.Directory.SetMode(name, status.Mode); // a change of owner clears these bits
                    }
                    changed++;
                }
                if (status.Kind == FileKind.Directory)
                {
                    var inner = at.Directory.OpenDirectory(name);
                    open.Push((inner, new Queue<byte[]>(inner.Names())));
                }
            }
        }
        finally
        {
            foreach (var (directory, _) in open.Where(each => each.Directory != top))
            {
                directory.Dispose();
            }
        }
        return changed;

        uint In(uint id) => firstId | (id & low);
        bool Needs(FileStatus status) => In(status.User) != status.User || In(status.Group) != status.Group;
    }
}
