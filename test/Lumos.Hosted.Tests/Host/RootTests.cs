using System.Text.Json.Nodes;
using Lumos.Testing;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>A hosted global zone coming up, going down and going away, on the host as it is.</summary>
[Trait("level", "host")]
public sealed class RootTests : HostedTest
{
    [Fact]
    public void Up_brings_all_services_online_and_down_leaves_the_host_as_it_was()
    {
        using var root = new HostedRoot();
        var guard = new LeakGuard(Machine);
        root.Up().OrThrow();
        var offline = root.Services().Where(s => s.Value is not ("online" or "disabled")).Select(s => $"{s.Key} is {s.Value}");
        Assert.Empty(offline);

        var status = root.StatusJson();
        Assert.Equal("up", (string?)status["state"]);
        Assert.Equal(root.Prefix, (string?)status["root"]);
        Assert.Equal("btrfs", (string?)status["pool"]!["kind"]);
        Assert.True(Directory.Exists($"/proc/{root.Supervisor}"));
        Assert.Contains("storage:  btrfs", root.Host("status").OrThrow().Output);

        var again = root.Up();
        Assert.Equal(0, again.Status);
        Assert.Contains("is up already", again.ErrorOutput);

        root.Down().OrThrow();
        Assert.Empty(guard.Differences());
        Assert.Equal("down", (string?)JsonNode.Parse(root.Host("status", "--json").Output)!["state"]);
        Assert.Equal(1, root.Host("status").Status);
        var refused = root.Command("vmadm", "list");
        Assert.NotEqual(0, refused.Status);
        Assert.Contains("is not up", refused.ErrorOutput);

        // What was in it is still there.
        root.Up().OrThrow();
        root.Destroy().OrThrow();
        Assert.False(Directory.Exists(root.Prefix));
        Assert.Empty(guard.Differences());
    }

    [Fact]
    public void A_first_up_that_fails_does_not_stand_in_the_way_of_the_next()
    {
        using var root = new HostedRoot();
        var guard = new LeakGuard(Machine);
        var failed = root.Host("up", "--platform", HostedPlatform.Folder, "--pool", Path.Combine(HostedRoot.Temporary, "no-such-folder"));
        Assert.Equal(1, failed.Status);
        Assert.Contains("no-such-folder", failed.ErrorOutput);
        root.Up().OrThrow();
        root.Destroy().OrThrow();
        Assert.Empty(guard.Differences());
    }

    [Fact]
    public void A_prefix_that_holds_other_data_is_refused_untouched()
    {
        var root = new HostedRoot();
        Directory.CreateDirectory(root.Prefix);
        string file = Path.Combine(root.Prefix, "thesis.txt");
        File.WriteAllText(file, "mine");
        try
        {
            var up = root.Up();
            Assert.NotEqual(0, up.Status);
            Assert.Contains("holds other things", up.ErrorOutput);
            Assert.Equal([file], Directory.GetFileSystemEntries(root.Prefix));
            var destroy = root.Destroy();
            Assert.NotEqual(0, destroy.Status);
            Assert.Equal("mine", File.ReadAllText(file));
        }
        finally
        {
            Directory.Delete(root.Prefix, recursive: true);
        }
    }

    [Fact]
    public void Roots_side_by_side_do_not_share_names_or_networks_and_do_not_see_each_other()
    {
        using var first = new HostedRoot();
        using var second = new HostedRoot();
        first.Up().OrThrow();
        second.Up().OrThrow();
        Assert.NotEqual(first.Name, second.Name);
        string Subnet(HostedRoot root) => (string)root.StatusJson()["tags"]![0]!["subnet"]!;
        Assert.NotEqual(Subnet(first), Subnet(second));
        foreach (var root in new[] { first, second })
        {
            TestImages.InstallNative(root);
        }
        using var one = HostedVm.Native(first, Dhcp("one"));
        using var two = HostedVm.Native(second, Dhcp("two"));
        Assert.Equal(one.Uuid, first.Command("vmadm", "list", "-H", "-o", "uuid").OrThrow().Output.Trim());
        Assert.Equal(two.Uuid, second.Command("vmadm", "list", "-H", "-o", "uuid").OrThrow().Output.Trim());

        // One goes; the other does not notice.
        int pid = two.Pid;
        first.Destroy().OrThrow();
        Assert.Equal(pid, two.Pid);
        Assert.Equal("here", two.Zlogin("echo here").OrThrow().Output.Trim());
    }

    [Fact]
    public void Down_stops_zones_and_up_brings_those_back_that_boot_by_themselves()
    {
        using var root = new HostedRoot();
        var guard = new LeakGuard(Machine);
        root.Up().OrThrow();
        TestImages.InstallNative(root);
        var boots = HostedVm.Native(root, Dhcp("boots"));
        var stays = HostedVm.Native(root, new JsonObject { ["autoboot"] = false });
        boots.Zlogin("echo kept > /root/file").OrThrow();
        stays.Vmadm("start").OrThrow();
        boots.Vmadm("update", "autoboot=true").OrThrow();
        stays.Vmadm("update", "autoboot=false").OrThrow();

        root.Down().OrThrow();
        Assert.Empty(guard.Differences());

        root.Up().OrThrow();
        Wait.For("the zone", () => boots.State == "running");
        Assert.Equal("stopped", stays.State);
        Assert.Equal("kept", boots.Zlogin("cat /root/file").OrThrow().Output.Trim());
        root.Destroy().OrThrow();
        Assert.Empty(guard.Differences());
    }

    private static JsonObject Dhcp(string alias) => new()
    {
        ["alias"] = alias, ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["primary"] = true }),
    };
}
