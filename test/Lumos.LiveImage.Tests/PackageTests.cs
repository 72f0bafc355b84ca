using System.Globalization;
using Lumos.Drivers.Tools;
using Lumos.LiveImage.Platform;
using Xunit;

namespace Lumos.LiveImage.Tests;

/// <summary>
/// The Debian package of hosted mode, made of the compiled tree that <c>./lumos test host</c> names: what is in it, and that dpkg
/// takes it in and out of a root of its own without a trace. Nothing of the host's package database is touched.
/// </summary>
[Trait("level", "host")]
public sealed class PackageTests(BuiltPackage built) : IClassFixture<BuiltPackage>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-deb-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Control_fields_are_whole()
    {
        string deb = built.File();
        string[] names = ["Package", "Version", "Architecture", "Maintainer", "Section", "Installed-Size", "Depends"];
        var fields = names.ToDictionary(name => name, name => Do("dpkg-deb", "-f", deb, name).Trim());
        Assert.Equal(("lumos", BuiltPackage.Version, "amd64"), (fields["Package"], fields["Version"], fields["Architecture"]));
        Assert.DoesNotContain("", fields.Values);
        Assert.DoesNotContain("@", Do("dpkg-deb", "-f", deb).Replace("lumos@localhost", "", StringComparison.Ordinal), StringComparison.Ordinal);
        string[] needs = [.. fields["Depends"].Split(',').Select(d => d.Trim())];
        foreach (string needed in new[] { "crun | runc", "conmon", "btrfs-progs", "nftables", "dnsmasq-base", "busybox-static", "ca-certificates" })
        {
            Assert.Contains(needed, needs);
        }
        string tree = Unpack(deb);
        long kib = new DirectoryInfo(tree).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => f.LinkTarget is null).Sum(f => f.Length) >> 10;
        Assert.InRange(long.Parse(fields["Installed-Size"], CultureInfo.InvariantCulture), kib, kib + 1000);
    }

    [Fact]
    public void What_is_in_it_is_roots_and_nobody_elses_to_change()
    {
        string[] lines = Do("dpkg-deb", "-c", built.File()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.Equal("root/root", line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]));
        // As ls shows a mode: neither setuid nor setgid, and others may not write (of a link the mode says nothing).
        Assert.All(lines.Where(line => line[0] != 'l'), line => Assert.Matches("^[-d]rw[x-]r-[x-]r-[x-] ", line));
        string[] outside = ["./", "./usr/", "./usr/lib/", "./usr/lib/lumos/", "./usr/lib/systemd/", "./usr/sbin/", "./usr/share/"];
        Assert.All(lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[5]), path => Assert.True(
            outside.Contains(path) || new[] { "lib/lumos/platform/", "lib/systemd/system/", "sbin/", "share/man/", "share/doc/", "share/lintian/", "share/bash-completion/" }
                .Any(folder => path.StartsWith("./usr/" + folder, StringComparison.Ordinal)), path));
    }

    [Fact]
    public void Commands_are_there_with_their_pages_and_every_link_leads_somewhere()
    {
        string tree = Unpack(built.File());
        foreach (var link in new DirectoryInfo(tree).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Where(e => e.LinkTarget is not null))
        {
            Assert.False(Path.IsPathRooted(link.LinkTarget), $"{link.FullName} leads to {link.LinkTarget}, which only holds where it is installed");
            Assert.True(link.ResolveLinkTarget(returnFinalTarget: true)?.Exists, $"{link.FullName} → {link.LinkTarget}");
        }
        // What is no daemon or method, is about this machine and not about one of our own, and is not asked inside zones alone.
        string[] others =
        [
            "bootparams", "core-dump", "digest", "disklayout", "disklist", "first-boot", "fs-hosted", "fs-smartdc", "halt", "init", "mdata-delete", "mdata-get", "mdata-list",
            "mdata-put", "metadata", "mkzpool", "net-dhcp-event", "net-hosted", "net-physical", "poweroff", "reboot", "shutdown", "smartdc-config", "svc-zones", "svc.startd", "vmadmd", "vminfod",
        ];
        string[] all = [.. Do(Path.Combine(tree, "usr/sbin/lumos"), "help").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0])];
        Assert.True(all.Length > 20);
        foreach (string command in all.Except(others).Append("lumos"))
        {
            Assert.True(File.Exists(Path.Combine(tree, "usr/sbin", command)), command);
        }
        foreach (string command in new[] { "vmadm", "vminfo", "imgadm", "zlogin", "zoneadm", "svcs", "svcadm", "lumos-host", "sysinfo", "zonestat", "coreadm" })
        {
            Assert.Single(Directory.EnumerateFiles(Path.Combine(tree, "usr/share/man"), command + ".*.gz", SearchOption.AllDirectories));
        }
        Assert.Equal(0, Tool.Run(Path.Combine(tree, "usr/sbin/lumos-host"), "help").Status);
        Assert.Contains("vmadm", Do(Path.Combine(tree, "usr/sbin/lumos"), "help"), StringComparison.Ordinal);
        // With nothing up, a command leaves the host alone; the prefix is one that nobody has.
        var refused = Tool.Run([Path.Combine(tree, "usr/sbin/vmadm"), "list"], null, new Dictionary<string, string> { ["LUMOS_ROOT"] = _folder, ["PATH"] = "/usr/bin" });
        Assert.Equal(1, refused.Status);
        Assert.Contains("lumos-host up", refused.ErrorOutput, StringComparison.Ordinal);
        foreach (string page in Directory.EnumerateFiles(Path.Combine(tree, "usr/share"), "*.gz", SearchOption.AllDirectories))
        {
            Assert.NotEmpty(Do("gzip", "-dc", page));
        }
    }

    [Fact]
    public void Sums_hold()
    {
        string deb = built.File(), tree = Unpack(deb), control = Path.Combine(_folder, "control");
        Do("dpkg-deb", "-e", deb, control);
        string[] lines = File.ReadAllLines(Path.Combine(control, "md5sums"));
        Assert.Equal(Files(tree).Count(path => new FileInfo(Path.Combine(tree, path)) is { LinkTarget: null, Exists: true }), lines.Length);
        Do("sh", "-c", $"cd '{tree}' && md5sum --quiet -c '{control}/md5sums'");
    }

    [Fact]
    public void Two_builds_are_the_same_bytes() => Assert.Equal(File.ReadAllBytes(built.File()), File.ReadAllBytes(built.Make("again.deb")));

    [Fact]
    public void Dpkg_takes_it_in_removes_it_keeping_data_and_purges_it_without_a_trace()
    {
        string deb = built.File(), root = Path.Combine(_folder, "root"), database = Path.Combine(root, "var/lib/dpkg");
        Directory.CreateDirectory(Path.Combine(database, "updates"));
        Directory.CreateDirectory(Path.Combine(database, "info"));
        File.WriteAllText(Path.Combine(database, "status"), "");
        string data = Path.Combine(root, "var/lib/lumos/etc/zones/index"), enabled = Path.Combine(root, "etc/systemd/system/multi-user.target.wants/lumos.service");
        Directory.CreateDirectory(Path.GetDirectoryName(enabled)!);
        string[] before = [.. Files(root).Where(IsNotDpkgs)];

        // Without a chroot the scripts run as they are, with DPKG_ROOT: what they did to the host's paths would be theirs to answer for.
        Dpkg(root, "--force-depends", "--install", deb);
        Assert.Equal("ii ", Do("dpkg-query", "--admindir", database, "-W", "-f", "${db:Status-Abbrev}", "lumos"));
        Assert.True(File.Exists(Path.Combine(root, "usr/lib/lumos/platform/usr/lib/lumos/lumos")));
        Assert.Equal("", Do("dpkg", "--root=" + root, "--verify", "lumos"));
        Directory.CreateDirectory(Path.GetDirectoryName(data)!);
        File.WriteAllText(data, "global:installed:/\n");
        File.CreateSymbolicLink(enabled, "/usr/lib/systemd/system/lumos.service");

        Dpkg(root, "--remove", "lumos");
        Assert.True(File.Exists(data));
        Assert.False(new FileInfo(enabled).LinkTarget is not null, "a removed unit is still enabled");
        Assert.False(Directory.Exists(Path.Combine(root, "usr/lib/lumos")));

        Dpkg(root, "--purge", "lumos");
        Assert.Equal(before, Files(root).Where(IsNotDpkgs).Where(path => path != "var/log"));
    }

    [Fact]
    public void Systemd_understands_the_unit()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/systemd-analyze"), "there is no systemd-analyze");
        string tree = Unpack(built.File()), unit = Path.Combine(tree, "usr/lib/systemd/system/lumos.service"), copy = Path.Combine(_folder, "lumos.service");
        File.WriteAllText(copy, File.ReadAllText(unit).Replace("=/usr/sbin/", $"={tree}/usr/sbin/", StringComparison.Ordinal));
        var verified = Tool.Run("systemd-analyze", "verify", "--man=no", copy);
        Assert.DoesNotContain("lumos", verified.ErrorOutput, StringComparison.Ordinal);
        Assert.Equal(0, verified.Status);
    }

    private static bool IsNotDpkgs(string path) => !path.StartsWith("var/lib/dpkg/", StringComparison.Ordinal) && path != "var/log/dpkg.log";

    private static void Dpkg(string root, params string[] words) =>
        Do(["dpkg", "--root=" + root, "--log=/dev/null", "--force-script-chrootless", .. words]);

    private static string Do(params string[] argv) => Tool.Run(argv).OrThrow().Output;

    private static IEnumerable<string> Files(string root) => Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(root, path)).Order(StringComparer.Ordinal);

    private string Unpack(string deb)
    {
        string tree = Path.Combine(_folder, "tree");
        Do("dpkg-deb", "-x", deb, tree);
        return tree;
    }
}

/// <summary>One package for all tests of the class, made when the first one asks.</summary>
public sealed class BuiltPackage : IDisposable
{
    internal const string Version = "0.20261120.120000";

    private const string Variable = "LUMOS_HOSTED_PLATFORM";

    private static readonly DateTimeOffset Time = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-deb-").FullName;

    private string? _file;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    internal string File() => _file ??= Make("lumos.deb");

    internal string Make(string name)
    {
        string? platform = Environment.GetEnvironmentVariable(Variable);
        if (platform is null || !System.IO.File.Exists(Path.Combine(platform, "usr/sbin/lumos-host")))
        {
            string reason = $"{Variable} names no compiled tree of hosted mode; \"./lumos test host\" builds one";
            Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", reason);
            Assert.Fail(reason);
        }
        string work = Directory.CreateDirectory(Path.Combine(_folder, "work." + name)).FullName, target = Path.Combine(_folder, name);
        DebTree.Make(new BuildLog(Path.Combine(_folder, "log")), Repository(), platform, Version, Time, work, target);
        return target;
    }

    private static string Repository()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !System.IO.File.Exists(Path.Combine(folder, "Lumos.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }
        return folder ?? throw new InvalidOperationException("the tests do not run in a checkout");
    }
}
