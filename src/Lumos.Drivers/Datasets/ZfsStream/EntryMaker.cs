using System.Text;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;

namespace Lumos.Drivers.Datasets.ZfsStream;

/// <summary>
/// Makes one entry whole while it is staged, where nobody sees it half done (owner, then mode and extended attributes, which
/// a change of owner would clear, then times), and moves it to its name; one that has several names is linked to each.
/// </summary>
internal sealed class EntryMaker(Staging staging, ZfsStreamLimits limits, NotCarriedList notCarried, Func<string, DatasetException> invalid)
{
    public const int LongestAttribute = 65536;

    private const int LongestLink = 4095;
    private const uint Nobody = 65534;

    /// <summary>Flags that users can set, of DOS and BSD descent; the rest is ZFS's own bookkeeping.</summary>
    private const ulong UserFlags = 0x0000_1bf7_0000_0000;

    private static readonly string[] _prefixes = ["user.", "trusted.", "security."];

    public long Files { get; private set; }

    public long Bytes { get; private set; }

    public void Place(
        StagedObject child, Znode znode, Func<List<(byte[] Name, byte[] Value)>> attributes, HeldDirectory directory, byte[] name, Func<string> path)
    {
        if (znode.Kind == FileKind.Other)
        {
            notCarried.Add("doors, ports and other kinds of files that Linux does not have", path);
            return;
        }
        if (child.Placed)
        {
            throw invalid($"has a further name for a file that counts one: {path()}");
        }
        if (!child.Finished)
        {
            Make(child, znode, attributes(), path);
            child.Finished = true;
            Files++;
        }
        try
        {
            if (znode.Links > 1)
            {
                staging.Directory.Link(child.StagingName, directory, name); // the staged name goes with the staging directory
            }
            else
            {
                staging.Directory.Move(child.StagingName, directory, name);
                child.Placed = true;
            }
        }
        catch (ErrnoException e) when (e.Errno == Errno.EEXIST)
        {
            throw invalid($"has two entries with the name {path()}");
        }
    }

    /// <summary>Sets what a file or directory bears beside its content.</summary>
    public void FinishOpen(FileDescriptor fd, Znode znode, List<(byte[] Name, byte[] Value)> attributes, Func<string> path)
    {
        Note(znode, path);
        fd.SetOwner(Owner(znode.User, path), Owner(znode.Group, path));
        fd.SetMode(znode.Mode);
        SetAttributes(attributes, fd.SetAttribute, path);
        fd.SetTimes(znode.Accessed, znode.Modified);
    }

    private void Make(StagedObject child, Znode znode, List<(byte[] Name, byte[] Value)> attributes, Func<string> path)
    {
        if (znode.Kind == FileKind.Regular)
        {
            MakeRegular(child, znode, attributes, path);
            return;
        }
        byte[] name = child.StagingName;
        byte[]? text = znode.Kind == FileKind.Link ? LinkText(child, znode, path) : null;
        if (child.HasEntry)
        {
            staging.Close();
            staging.Directory.Remove(name); // the text of a long link was kept as content
        }
        if (text is not null)
        {
            staging.Directory.MakeLink(name, text);
        }
        else
        {
            var (major, minor) = znode.Kind is FileKind.CharacterDevice or FileKind.BlockDevice ? znode.DeviceNumbers : default;
            if (major > 0xfff || minor > 0xfffff)
            {
                throw invalid($"has a device with numbers that Linux does not have: {path()} ({major}, {minor})");
            }
            staging.Directory.MakeNode(name, znode.Kind, 0x180, major, minor);
        }
        child.HasEntry = true;
        Note(znode, path);
        staging.Directory.SetOwner(name, Owner(znode.User, path), Owner(znode.Group, path));
        if (text is null)
        {
            staging.Directory.SetMode(name, znode.Mode);
        }
        SetAttributes(attributes, (key, value) => staging.Directory.SetAttribute(name, key, value), path);
        staging.Directory.SetTimes(name, znode.Accessed, znode.Modified);
    }

    private void MakeRegular(StagedObject child, Znode znode, List<(byte[] Name, byte[] Value)> attributes, Func<string> path)
    {
        if (child.Type != ObjectTypes.FileContents)
        {
            throw invalid($"says that {path()} is a file, and it has none's content");
        }
        if (znode.Size > (ulong)limits.MostFileBytes)
        {
            throw invalid($"has a file of {znode.Size} bytes, and {limits.MostFileBytes} are allowed: {path()}");
        }
        var file = staging.Open(child);
        if (RandomAccess.GetLength(file) != (long)znode.Size)
        {
            RandomAccess.SetLength(file, (long)znode.Size);
        }
        using var fd = new FileDescriptor((int)file.DangerousGetHandle(), owns: false);
        FinishOpen(fd, znode, attributes, path);
        staging.Close();
        Bytes += (long)znode.Size;
    }

    private byte[] LinkText(StagedObject child, Znode znode, Func<string> path)
    {
        if (znode.Size is 0 or > LongestLink)
        {
            throw invalid($"has a link with a text of {znode.Size} bytes: {path()}");
        }
        byte[] text = znode.LinkText ?? staging.ReadContent(child, (int)znode.Size);
        return text.Length >= (int)znode.Size && !text.AsSpan(0, (int)znode.Size).Contains((byte)0)
            ? text[..(int)znode.Size]
            : throw invalid($"has a link with a damaged text: {path()}");
    }

    private void SetAttributes(List<(byte[] Name, byte[] Value)> attributes, SetAttribute set, Func<string> path)
    {
        foreach (var (raw, value) in attributes)
        {
            string name = Encoding.UTF8.GetString(raw);
            if (name is not ("system.posix_acl_access" or "system.posix_acl_default"))
            {
                if (name.StartsWith("system.", StringComparison.Ordinal))
                {
                    notCarried.Add($"attributes {SendStreamReader.Shown(raw)}", path);
                    continue;
                }
                // illumos and FreeBSD keep a user's attributes without a prefix.
                name = _prefixes.Any(p => name.StartsWith(p, StringComparison.Ordinal)) ? name : "user." + name;
            }
            if (name.Length > 255 || name.Contains('\0') || value.Length > LongestAttribute)
            {
                notCarried.Add("extended attributes longer than Linux allows", path);
                continue;
            }
            try
            {
                set(name, value);
            }
            catch (ErrnoException e) when (e.Errno is Errno.EOPNOTSUPP or Errno.E2BIG or Errno.ERANGE
                || (e.Errno == Errno.ENOSPC && value.Length > 2048)
                || (e.Errno == Errno.EPERM && name.StartsWith("user.", StringComparison.Ordinal)))
            {
                notCarried.Add($"extended attributes {SendStreamReader.Shown(Encoding.UTF8.GetBytes(name))} that this file system does not take ({e.Message})", path);
            }
        }
    }

    private void Note(Znode znode, Func<string> path)
    {
        if (znode.Kind != FileKind.Link && (znode.Flags & Znode.TrivialAcl) == 0)
        {
            notCarried.Add("NFSv4 access control lists", path);
        }
        if ((znode.Flags & UserFlags) != 0)
        {
            notCarried.Add("file flags (read-only, hidden, system, immutable, append-only and their like)", path);
        }
        if (znode.ProjectId != 0)
        {
            notCarried.Add("project ids", path);
        }
    }

    /// <summary>Ids above 32 bits stand for accounts of a Windows domain; all ones would mean "leave as it is" to chown.</summary>
    private uint Owner(ulong id, Func<string> path)
    {
        if (id < uint.MaxValue)
        {
            return (uint)id;
        }
        notCarried.Add($"owners that are no numbers here (given to {Nobody} instead)", path);
        return Nobody;
    }

    private delegate void SetAttribute(string name, ReadOnlySpan<byte> value);
}
