using System.Buffers.Binary;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Handles;

namespace Lumos.Images.Archives;

/// <summary>What a zone's file gets of what its entry says: owner, mode, extended attributes and times.</summary>
internal readonly record struct SettledAttributes(
    byte[] Entry, uint User, uint Group, int Mode, FileTime Accessed, FileTime Modified, IReadOnlyList<(string Name, byte[] Value)> Extended)
{
    /// <summary>Of memory, about.</summary>
    public long Bytes => 100 + Entry.Length + Extended.Sum(a => 50L + (2 * a.Name.Length) + a.Value.Length);
}

/// <summary>Owner, mode, extended attributes and times of an entry: what of them a zone's file may have, and putting it there.</summary>
internal sealed class EntryAttributes(ArchiveFault fault, ArchiveLimits limits, SkippedList skipped)
{
    /// <summary>A zone has the ids 0 to 65,535; there are no others in it.</summary>
    public const uint Ids = 65536;

    private const uint Nobody = 65534;
    private const int SetIdBits = 0b110_000_000_000;

    /// <summary>Decides. What is too much is refused here, and nothing else of the entry is needed afterwards.</summary>
    public SettledAttributes Settle(TarEntry entry)
    {
        var (user, group, mode) = Owner(entry);
        return new SettledAttributes(entry.Name, user, group, mode, entry.Accessed, entry.Modified, [.. Wanted(entry)]);
    }

    /// <summary>All of it, in the order in which none undoes another.</summary>
    public void Apply(FileDescriptor fd, SettledAttributes settled)
    {
        fd.SetOwner(settled.User, settled.Group);
        fd.SetMode(settled.Mode);
        foreach (var (name, value) in settled.Extended)
        {
            try
            {
                fd.SetAttribute(name, value);
            }
            catch (ErrnoException e) when (e.Errno is Errno.EOPNOTSUPP or Errno.E2BIG or Errno.ERANGE or Errno.EINVAL
                || (e.Errno == Errno.ENOSPC && value.Length > 2048))
            {
                skipped.Add($"extended attributes {name} that this file system does not take ({e.Message})", settled.Entry);
            }
        }
        fd.SetTimes(settled.Accessed, settled.Modified);
    }

    /// <summary>The same of what cannot be opened: a link, a FIFO. Only users of the first have modes of their own.</summary>
    public void Apply(HeldDirectory directory, byte[] name, TarEntry entry)
    {
        var (user, group, mode) = Owner(entry);
        directory.SetOwner(name, user, group);
        if (entry.Kind != TarEntryKind.SymbolicLink)
        {
            directory.SetMode(name, mode);
        }
        directory.SetTimes(name, entry.Accessed, entry.Modified);
    }

    private (uint User, uint Group, int Mode) Owner(TarEntry entry)
    {
        if (entry.User < Ids && entry.Group < Ids)
        {
            return ((uint)entry.User, (uint)entry.Group, entry.Mode);
        }
        skipped.Add($"owners above {Ids - 1}, which no zone has (given to {Nobody} instead)", entry.Name);
        // What ran as somebody runs as nobody in particular from now on.
        return (entry.User < Ids ? (uint)entry.User : Nobody, entry.Group < Ids ? (uint)entry.Group : Nobody, entry.Mode & ~SetIdBits);
    }

    private IEnumerable<(string Name, byte[] Value)> Wanted(TarEntry entry)
    {
        foreach (var (name, value) in entry.Attributes)
        {
            if (name.StartsWith("trusted.", StringComparison.Ordinal))
            {
                throw fault.Refused(entry.Name, $"has the attribute {ArchiveFault.Shown(System.Text.Encoding.UTF8.GetBytes(name))}, which a zone may not have");
            }
            if (name.Length > 255 || name.Contains('\0') || value.Length > limits.MostAttributeBytes)
            {
                throw fault.Refused(entry.Name, $"has an extended attribute that is longer than {limits.MostAttributeBytes} bytes or has an impossible name");
            }
            if (name == "security.capability" && !IsPlainCapability(value))
            {
                skipped.Add("file capabilities that are damaged or belong to another root than the zone's", entry.Name);
            }
            else if (name is "security.capability" or "system.posix_acl_access" or "system.posix_acl_default"
                || name.StartsWith("user.", StringComparison.Ordinal))
            {
                yield return (name, value);
            }
            else
            {
                skipped.Add($"attributes {ArchiveFault.Shown(System.Text.Encoding.UTF8.GetBytes(name))}", entry.Name);
            }
        }
        foreach (var (text, name) in new[] { (entry.AccessAcl, "system.posix_acl_access"), (entry.DefaultAcl, "system.posix_acl_default") })
        {
            if (text is not null && !entry.Attributes.Any(a => a.Name == name))
            {
                if (PosixAclText.Parse(text) is { } acl)
                {
                    if (acl.Length > limits.MostAttributeBytes)
                    {
                        throw fault.Refused(entry.Name, $"has an access list that is longer than {limits.MostAttributeBytes} bytes");
                    }
                    yield return (name, acl);
                }
                else
                {
                    skipped.Add("access control lists that name users or groups (tar --numeric-owner keeps them)", entry.Name);
                }
            }
        }
    }

    /// <summary>Version 2, or version 3 of the root that has the id 0.</summary>
    private static bool IsPlainCapability(ReadOnlySpan<byte> value) =>
        value.Length >= 4 && (BinaryPrimitives.ReadUInt32LittleEndian(value) >> 24) switch
        {
            2 => value.Length == 20,
            3 => value.Length == 24 && BinaryPrimitives.ReadUInt32LittleEndian(value[20..]) == 0,
            _ => false,
        };
}
