using System.Text.Json.Nodes;
using Lumos.Vm.Applets.Verbs;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>What the table says of vmadm's verbs, and those that only hardware VMs have.</summary>
public sealed class VerbTests : IDisposable
{
    private const string Gone = "aaaaaaaa-0000-4000-8000-00000000dead";

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Every_verb_that_changes_something_is_logged_and_no_other()
    {
        string[] changes =
        [
            "create", "create-snapshot", "delete", "delete-snapshot", "install", "kill", "migrate", "reboot", "receive", "reprovision", "rollback-snapshot", "send",
            "start", "stop", "sysrq", "update",
        ];
        string[] reads = ["console", "events", "get", "help", "info", "list", "lookup", "validate"];
        Assert.Equal(changes, VerbTable.All.Where(verb => verb.Changes).Select(verb => verb.Name).Order(StringComparer.Ordinal));
        Assert.Equal(reads, VerbTable.All.Where(verb => !verb.Changes).Select(verb => verb.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["send"], VerbTable.All.Where(verb => verb.WritesData).Select(verb => verb.Name));
    }

    [Fact]
    public void A_pipe_that_breaks_behind_the_scenes_is_a_failure()
    {
        _machine.BeforeDataset = (_, _) => throw new IOException("Broken pipe", 32);
        var run = _machine.Vmadm($$"""{"brand":"joyent","image_uuid":"{{TestMachine.NativeImage}}"}""", "create");
        Assert.Equal(1, run.Status);
        Assert.Contains("Broken pipe", run.Error);
    }

    [Fact]
    public void No_two_verbs_share_a_name()
    {
        var names = VerbTable.All.SelectMany(verb => verb.Aliases.Append(verb.Name)).ToList();
        Assert.Equal(names.Distinct(), names);
    }

    [Theory]
    [InlineData("info")]
    [InlineData("info", "vnc")]
    [InlineData("info", "all,status")]
    [InlineData("sysrq", "nmi")]
    [InlineData("sysrq", "screenshot")]
    public void A_zone_has_no_info_and_no_sysrq(string verb, params string[] more)
    {
        string uuid = _machine.Create();
        var run = _machine.Vmadm(null, [verb, uuid, .. more]);
        Assert.Equal((1, ""), (run.Status, run.Out));
        Assert.StartsWith($"VM {uuid} is of brand joyent, which has no {verb}", run.Error, StringComparison.Ordinal);
        var missing = _machine.Vmadm(null, [verb, Gone, .. more]);
        Assert.Equal((1, "", $"zoneadm: {Gone}: No such zone configured\n"), (missing.Status, missing.Out, missing.Error));
    }

    [Theory]
    [InlineData("Invalid or missing UUID for info", "info", "no-uuid")]
    [InlineData("\"disks\" is no type of info", "info", Gone, "vnc,disks")]
    [InlineData("unexpected", "info", Gone, "vnc", "all")]
    [InlineData("Invalid or missing UUID for sysrq", "sysrq", "no-uuid", "nmi")]
    [InlineData("sysrq is either nmi or screenshot", "sysrq", Gone)]
    [InlineData("sysrq is either nmi or screenshot", "sysrq", Gone, "reset")]
    public void Wrong_words_are_usage(string said, params string[] words)
    {
        var run = _machine.Vmadm(null, words);
        Assert.Equal(2, run.Status);
        Assert.StartsWith(said, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_is_a_result_for_programs()
    {
        string uuid = _machine.Create();
        var result = JsonNode.Parse(_machine.Vmadm(null, "sysrq", uuid, "nmi", "--json-result").Out)!;
        Assert.Equal((false, "NotSupported", uuid), ((bool)result["ok"]!, (string?)result["code"], (string?)result["uuid"]));
    }
}
