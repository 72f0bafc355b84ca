using Lumos.Hosted.Model;
using Xunit;

namespace Lumos.Hosted.Tests;

public class RootPlanTests
{
    private static readonly HostedPaths Paths = new("/var/lib/lumos", "lumos0");

    private static IReadOnlyList<RootStep> Plan(IReadOnlyDictionary<string, string>? old = null) => RootPlan.Of(Paths, new HostView
    {
        Platform = "/usr/lib/lumos/platform",
        Cgroup = "/sys/fs/cgroup/lumos-lumos0",
        OldCgroups = old ?? new Dictionary<string, string>(),
        Folders = new Dictionary<string, IReadOnlyList<HostEntry>>
        {
            ["/"] = [Folder("home"), new("bin", "usr/bin", true), Folder("usr"), Folder("etc"), Folder("var"), Folder("run"), Folder("zones"), new("swapfile", null, false)],
            ["/etc"] = [new("passwd", null, false), Folder("zones"), new("resolv.conf", "../run/stub", false)],
            ["/var"] = [Folder("lib"), Folder("log"), Folder("tmp")],
            ["/run"] = [Folder("systemd"), Folder("lumos"), Folder("crun")],
        },
    });

    [Fact]
    public void What_the_host_has_is_seen_under_its_own_name()
    {
        var plan = Plan();
        Assert.Contains(new RootStep.Bind("/home", "/home"), plan);
        Assert.Contains(new RootStep.Link("/bin", "usr/bin"), plan);
        Assert.Contains(new RootStep.Link("/swapfile", "/.host/swapfile"), plan);
        Assert.Contains(new RootStep.Link("/etc/passwd", "/.host/etc/passwd"), plan);
        Assert.Contains(new RootStep.Link("/var/tmp", "/.host/var/tmp"), plan);
        Assert.Contains(new RootStep.Link("/run/systemd", "/.host/run/systemd"), plan);
    }

    [Fact]
    public void A_link_in_etc_is_followed_on_the_host_and_not_inside() =>
        // /etc/resolv.conf → ../run/stub would be looked for in our own /run.
        Assert.Contains(new RootStep.Link("/etc/resolv.conf", "/.host/etc/resolv.conf"), Plan());

    [Fact]
    public void What_is_ours_comes_from_the_prefix_whatever_the_host_has_there()
    {
        var plan = Plan();
        Assert.Contains(new RootStep.Bind("/etc/zones", "/var/lib/lumos/etc/zones"), plan);
        Assert.Contains(new RootStep.Bind("/usbkey", "/var/lib/lumos/usbkey"), plan);
        Assert.Contains(new RootStep.Bind("/var/log", "/var/lib/lumos/var/log"), plan);
        Assert.Contains(new RootStep.Folder("/zones"), plan);
        Assert.DoesNotContain(plan, step => step is RootStep.Link { Path: "/etc/zones" or "/var/log" or "/run/lumos" or "/run/crun" });
        Assert.DoesNotContain(new RootStep.Bind("/zones", "/zones"), plan);
    }

    [Fact]
    public void Our_files_lie_over_the_hosts_usr()
    {
        var layers = Assert.Single(Plan().OfType<RootStep.Layers>());
        Assert.Equal("/usr", layers.Path);
        // As seen inside: "/usr" there is the layers themselves.
        Assert.Equal(["/.host/usr/lib/lumos/platform/usr", "/.host/usr"], layers.Sources);
        Assert.Contains(new RootStep.Cover("/usr/lib/svc/manifest", "/.host/usr/lib/lumos/platform/usr/lib/svc/manifest"), Plan());
    }

    [Fact]
    public void Only_our_part_of_the_cgroups_is_seen()
    {
        var plan = Plan(new Dictionary<string, string> { ["memory"] = "/sys/fs/cgroup/memory/lumos-lumos0" });
        Assert.Contains(new RootStep.Bind("/sys/fs/cgroup", "/sys/fs/cgroup/lumos-lumos0"), plan);
        Assert.Contains(new RootStep.Bind("/run/lumos/cgroup1/memory", "/sys/fs/cgroup/memory/lumos-lumos0"), plan);
    }

    [Fact]
    public void No_place_is_made_twice_and_folders_come_before_what_is_in_them()
    {
        var plan = Plan();
        Assert.Equal(plan.Count, plan.Select(s => s.Path).Distinct().Count());
        for (int i = 0; i < plan.Count; i++)
        {
            // A mount on a folder hides what was made below it before.
            Assert.DoesNotContain(plan.Take(i), earlier => plan[i] is RootStep.Bind or RootStep.Layers or RootStep.KernelFileSystem
                && earlier.Path.StartsWith(plan[i].Path + "/", StringComparison.Ordinal));
        }
    }

    private static HostEntry Folder(string name) => new(name, null, true);
}
