using System.Collections.Immutable;
using System.Globalization;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Zones.Login;

namespace Lumos.Zones.Docker;

/// <summary>What a docker zone's program finds at its start, beside what its specification says: made of the zone's own files, which are hostile.</summary>
internal static class DockerProcess
{
    private const string DefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>Looks up who runs it, and makes its working directory.</summary>
    /// <exception cref="LumosException">ZoneCannotBoot</exception>
    public static DockerZone Prepare(ZoneSpec spec, DockerZone docker)
    {
        if (docker.Argv.IsEmpty)
        {
            throw new LumosException("ZoneCannotBoot", $"zone '{spec.Name}' has nothing to run: neither docker:entrypoint nor docker:cmd of its internal_metadata says a program");
        }
        using var root = RootedDirectory.Open(spec.RootPath);
        var user = FindUser(spec.Name, docker.User, Read(root, "/etc/passwd"), Read(root, "/etc/group"));
        string folder = docker.WorkingDirectory.StartsWith('~') ? user.Home.TrimEnd('/') + "/" + docker.WorkingDirectory[1..].TrimStart('/') : docker.WorkingDirectory;
        try
        {
            root.MakeDirectories(folder);
        }
        catch (ErrnoException e)
        {
            throw new LumosException("ZoneCannotBoot", $"zone '{spec.Name}': {folder} cannot be made in it", inner: e);
        }
        return docker with { Process = user, WorkingDirectory = folder };
    }

    /// <summary>NAME=VALUE, the last of a name counts: what docker gives to everything, then what was given.</summary>
    public static ImmutableArray<string> Environment(ZoneSpec spec, DockerZone docker)
    {
        var all = new List<string> { DefaultPath, "HOSTNAME=" + spec.Hostname, "HOME=" + docker.Process.Home, "container=lumos" };
        if (docker.Tty)
        {
            all.Add("TERM=xterm");
        }
        foreach (string item in docker.Env)
        {
            string name = item[..(item.IndexOf('=', StringComparison.Ordinal) + 1)];
            int at = all.FindIndex(other => other.StartsWith(name, StringComparison.Ordinal));
            if (at < 0)
            {
                all.Add(item);
            }
            else
            {
                all[at] = item;
            }
        }
        return [.. all];
    }

    /// <summary>USER[:GROUP], each a name or a number; a number need not be in the files. Pure.</summary>
    /// <exception cref="LumosException">ZoneCannotBoot</exception>
    internal static DockerUser FindUser(ZoneName zone, string text, string passwd, string group)
    {
        string[] parts = text.Split(':');
        string name = parts[0].Length > 0 ? parts[0] : "0";
        if (parts.Length > 2)
        {
            throw new LumosException("ZoneCannotBoot", $"zone '{zone}': docker:user \"{text}\" is not USER[:GROUP]");
        }
        string? found = Id(name) is null ? name
            : passwd.Split('\n').Select(line => line.Split(':')).FirstOrDefault(f => f.Length >= 7 && f[2] == name)?[0];
        var user = found is null ? null : ZoneUser.Parse(passwd, group, found);
        int uid = user?.Uid ?? Id(name)
            ?? throw new LumosException("ZoneCannotBoot", $"zone '{zone}' has no user {name} in its /etc/passwd (docker:user)");
        string home = user?.Home ?? "/";
        if (parts.Length == 1)
        {
            return new DockerUser(uid, user?.Gid ?? 0, user?.OtherGids ?? [], home);
        }
        // A group that is said is the only one.
        int gid = Id(parts[1]) ?? group.Split('\n').Select(line => line.Split(':')).Where(f => f.Length >= 3 && f[0] == parts[1]).Select(f => Id(f[2])).FirstOrDefault()
            ?? throw new LumosException("ZoneCannotBoot", $"zone '{zone}' has no group {parts[1]} in its /etc/group (docker:user)");
        return new DockerUser(uid, gid, [], home);
    }

    private static int? Id(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id < ZoneSpec.IdCount ? id : null;

    private static string Read(RootedDirectory root, string path)
    {
        try
        {
            return root.ReadText(path);
        }
        catch (ErrnoException)
        {
            return ""; // none, or the tenant's own making: numbers still serve
        }
    }
}
