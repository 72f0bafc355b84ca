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
}
