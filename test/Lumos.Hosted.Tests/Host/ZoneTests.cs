using System.Text.Json.Nodes;
using Lumos.Drivers.Tools;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>The life of a zone, by vmadm and zlogin.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class ZoneTests(SharedRoot shared) : HostedTest(shared)
{
    private readonly HostedRoot _root = shared.Root;

    [Fact]
    public void A_zone_is_made_listed_found_and_deleted()
    {
        using var vm = HostedVm.Native(_root, new JsonObject { ["alias"] = "lister", ["hostname"] = "lister", ["tags"] = new JsonObject { ["role"] = "test" } });
        Assert.Equal("running", vm.State);
        Assert.True(Directory.Exists($"/proc/{vm.Pid}"));
        Assert.Equal($"{vm.Uuid}:OS:128:running:lister", _root.Command("vmadm", "list", "-p", "-o", "uuid,type,ram,state,alias", "alias=lister").OrThrow().Output.Trim());
        Assert.Equal(vm.Uuid, _root.Command("vmadm", "lookup", "-1", "tags.role=test").OrThrow().Output.Trim());
        Assert.Equal("lister", vm.Zlogin("hostname").OrThrow().Output.Trim());
        Assert.Equal($"{vm.Uuid}:running", Zoneadm(vm));

        vm.Vmadm("delete").OrThrow();
        Assert.Equal("", _root.Command("vmadm", "lookup", "alias=lister").OrThrow().Output);
        Assert.NotEqual(0, vm.Vmadm("get").Status);
    }

    [Fact]
    public void The_services_of_a_native_zone_come_online()
    {
        using var vm = HostedVm.Native(_root);
        Wait.For("multi-user-server in the zone", () => vm.Zlogin("svcs -H -o state milestone/multi-user-server").Output.Trim() == "online");
        Assert.DoesNotContain("maintenance", vm.Zlogin("svcs -aH -o state,fmri").OrThrow().Output);
    }

    [Fact]
    public void Zlogin_passes_streams_and_exit_status_on()
    {
        using var vm = HostedVm.Native(_root);
        var both = vm.Zlogin("echo out; echo err >&2; exit 7");
        Assert.Equal((7, "out\n"), (both.Status, both.Output));
        Assert.Contains("err", both.ErrorOutput);
        string text = string.Concat(Enumerable.Repeat("a line of some length, many times\n", 40_000));
        var echo = _root.Feed(text, "zlogin", vm.Uuid, "cat");
        Assert.Equal((0, text), (echo.Status, echo.Output));
        Assert.Contains("uid=0", vm.Zlogin("id").OrThrow().Output);
        // Nobody special outside: a range of ids of its own.
        Assert.NotEqual("0", File.ReadLines($"/proc/{vm.Pid}/status").First(l => l.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1]);
        Assert.NotEqual(0, _root.Command("zlogin", Guid.NewGuid().ToString(), "true").Status);
    }

    [Fact]
    public void A_zone_is_stopped_started_rebooted_and_stopped_by_force()
    {
        using var vm = HostedVm.Native(_root);
        vm.Zlogin("touch /root/kept /tmp/gone").OrThrow();
        int first = vm.Pid;
        vm.Vmadm("reboot").OrThrow();
        Assert.Equal("running", vm.State);
        Assert.NotEqual(first, vm.Pid);
        Assert.Equal("/root/kept", vm.Zlogin("ls /root/kept /tmp/gone 2>/dev/null; true").OrThrow().Output.Trim());

        vm.Vmadm("stop").OrThrow();
        Assert.Equal("stopped", vm.State);
        Assert.False(vm.Get().ContainsKey("pid"));
        Assert.NotEqual(0, vm.Zlogin("true").Status);
        Assert.Contains("already", vm.Vmadm("stop").OrThrow().ErrorOutput);

        vm.Vmadm("start").OrThrow();
        Assert.Equal("running", vm.State);
        Assert.Contains("already", vm.Vmadm("start").OrThrow().ErrorOutput);
        vm.Vmadm("stop", "-F").OrThrow();
        Assert.Equal("stopped", vm.State);
    }

    [Fact]
    public void A_create_that_fails_leaves_nothing()
    {
        void Refused(string words, JsonObject payload)
        {
            var run = _root.Feed(payload.ToJsonString(), "vmadm", "create");
            Assert.NotEqual(0, run.Status);
            Assert.Contains(words, run.ErrorOutput);
            Assert.Equal("", _root.Command("vmadm", "lookup", "alias=failing").OrThrow().Output);
        }
        JsonObject Payload() => new() { ["brand"] = "joyent", ["alias"] = "failing", ["ram"] = 128, ["quota"] = 1, ["image_uuid"] = TestImages.Native };

        var image = Payload();
        image["image_uuid"] = "5a7e0000-0000-4000-8000-00000000dead";
        Refused("5a7e0000-0000-4000-8000-00000000dead", image);

        var tag = Payload();
        tag["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "nowhere", ["ip"] = "dhcp" });
        Refused("nowhere", tag);

        Assert.NotEqual(0, _root.Feed("{ \"brand\": ", "vmadm", "create").Status);
    }

    [Fact]
    public void Files_are_named_from_the_working_directory_of_the_host()
    {
        string folder = Directory.CreateDirectory(Path.Combine(HostedRoot.Temporary, "payloads")).FullName;
        string uuid = Guid.NewGuid().ToString();
        File.WriteAllText(Path.Combine(folder, "vm.json"), new JsonObject
        {
            ["uuid"] = uuid, ["brand"] = "joyent", ["image_uuid"] = TestImages.Native, ["ram"] = 128, ["autoboot"] = false,
        }.ToJsonString());
        _root.Run(["env", "-C", folder, _root.Program("vmadm"), "create", "-f", "vm.json"]).OrThrow();
        Assert.Equal("stopped", JsonNode.Parse(_root.Command("vmadm", "get", uuid).OrThrow().Output)!["state"]!.ToString());
        File.WriteAllText(Path.Combine(folder, "change.json"), """{"alias":"renamed"}""");
        _root.Command("vmadm", "update", uuid, "-f", Path.Combine(folder, "change.json")).OrThrow();
        Assert.Equal(uuid, _root.Command("vmadm", "lookup", "alias=renamed").OrThrow().Output.Trim());
        _root.Command("vmadm", "delete", uuid).OrThrow();
        var missing = _root.Run(["env", "-C", folder, _root.Program("vmadm"), "create", "-f", "none.json"]);
        Assert.NotEqual(0, missing.Status);
        Assert.Contains("none.json", missing.ErrorOutput);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("lumos-host", "status")]
    [InlineData("lumos-host", "down")]
    [InlineData("vmadm", "list")]
    [InlineData("imgadm", "list")]
    [InlineData("svcs")]
    public void Who_is_not_root_is_told_so(params string[] line)
    {
        // Where somebody else may go, which the checkout need not be.
        string program = _root.Program(line[0]).Replace(HostedPlatform.Folder, _root.Prefix + "/platform", StringComparison.Ordinal);
        var run = _root.Run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, .. line[1..]]);
        Assert.NotEqual(0, run.Status);
        Assert.Contains("only root", run.ErrorOutput);
        Assert.DoesNotContain("   at ", run.ErrorOutput);
    }

    [Fact]
    public void Tools_of_the_global_zone_know_that_they_are_in_a_zone()
    {
        using var vm = HostedVm.Native(_root);
        Assert.Equal($"{vm.Uuid}\nexclusive", vm.Zlogin("zonename; zonename -t").OrThrow().Output.Trim());
        Assert.Equal(vm.Uuid, vm.Zlogin("zoneadm list -c").OrThrow().Output.Trim());
        Assert.Equal("global\nshared", _root.Command("zonename").OrThrow().Output + _root.Command("zonename", "-t").OrThrow().Output.Trim());
        foreach (string line in (string[])["vmadm list", $"vmadm delete {vm.Uuid}"])
        {
            var run = vm.Zlogin(line);
            Assert.Equal((2, ""), (run.Status, run.Output));
            Assert.Contains($"this is zone {vm.Uuid}, not the global zone", run.ErrorOutput);
        }
    }

    private string Zoneadm(HostedVm vm)
    {
        string[] words = _root.Command("zoneadm", "-z", vm.Uuid, "list", "-p").OrThrow().Output.Trim().Split(':');
        return $"{words[1]}:{words[2]}";
    }
}
