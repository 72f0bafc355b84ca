using System.Collections.Immutable;
using System.Globalization;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Files;

namespace Lumos.Zones.Login;

/// <summary>A user of a zone, from the zone's own passwd and group files.</summary>
public sealed record ZoneUser(string Name, int Uid, int Gid, ImmutableArray<int> OtherGids, string Home, string Shell)
{
    /// <summary>Root with a plain shell: for zones whose own files cannot be read (zlogin -S).</summary>
    public static ZoneUser Safe(string shell) => new("root", 0, 0, [], "/", shell);

    /// <exception cref="LumosException">NoSuchUser</exception>
    public static ZoneUser Find(RootedDirectory root, string name, ZoneName zone)
    {
        string passwd = Read(root, "/etc/passwd");
        string group = Read(root, "/etc/group");
        return Parse(passwd, group, name)
            ?? throw new LumosException("NoSuchUser", $"zone '{zone}' has no user {name} in its /etc/passwd");
    }

    /// <summary>
    /// The same of a zone that may have no such files, and no shell: root is there then too, with the platform's shell where the zone
    /// has none.
    /// </summary>
    public static ZoneUser FindInDocker(RootedDirectory root, string name, ZoneName zone, string platformShell)
    {
        var user = name == "root" ? Parse(Read(root, "/etc/passwd"), Read(root, "/etc/group"), name) ?? Safe("/bin/sh") : Find(root, name, zone);
        return root.Exists(user.Shell) ? user : user with { Shell = platformShell };
    }

    internal static ZoneUser? Parse(string passwd, string group, string name)
    {
        string[]? entry = passwd.Split('\n').Select(line => line.Split(':'))
            .FirstOrDefault(f => f.Length >= 7 && f[0] == name && IsId(f[2]) && IsId(f[3]));
        if (entry is null)
        {
            return null;
        }
        var others = group.Split('\n').Select(line => line.Split(':'))
            .Where(f => f.Length >= 4 && IsId(f[2]) && f[3].Split(',').Contains(name))
            .Select(f => Id(f[2]));
        int gid = Id(entry[3]);
        return new ZoneUser(
            name, Id(entry[2]), gid, [.. others.Where(g => g != gid).Distinct()],
            entry[5] is { Length: > 0 } home ? home : "/", entry[6].Trim() is { Length: > 0 } shell ? shell : "/bin/sh");
    }

    // The tenant wrote these numbers; only those that the zone's range holds can be given to a process.
    private static bool IsId(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id < ZoneSpec.IdCount;

    private static int Id(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Read(RootedDirectory root, string path)
    {
        try
        {
            return root.ReadText(path);
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENOENT)
        {
            return "";
        }
    }
}
