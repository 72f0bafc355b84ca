using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>vmadm validate: what create and update would say, and nothing done.</summary>
public sealed class ValidateTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("joyent", "create")]
    [InlineData("joyent-minimal", "create")]
    [InlineData("builder", "create")]
    [InlineData("lx", "create")]
    [InlineData("joyent", "update", "joyent")]
    [InlineData("lx", "update", "lx")]
    public void What_could_be_done_is_valid(string brand, params string[] words)
    {
        string image = brand == "lx" ? TestMachine.LxImage : TestMachine.NativeImage;
        string payload = words[0] == "create"
            ? $$"""{"brand": "{{brand}}", "image_uuid": "{{image}}", {{(brand == "lx" ? "\"kernel_version\": \"6.12.0\", " : "")}}"ram": 512}"""
            : """{"ram": 512, "add_nics": [{"nic_tag": "admin", "ip": "dhcp"}]}""";
        var run = _machine.Vmadm(payload, ["validate", .. words]);
        Assert.Equal((0, "", $"VALID '{words[0]}' payload for {brand} brand VMs.\n"), (run.Status, run.Out, run.Error));
        Assert.Empty(_machine.Host.Zones.ReadIndex().Zones);
    }

    [Fact]
    public void What_could_not_is_told_as_an_object_on_stderr()
    {
        var run = _machine.Vmadm("""{"brand": "joyent", "quota": "many", "nonsense": 1, "vnc_port": 5}""", "validate", "create");
        Assert.Equal((1, ""), (run.Status, run.Out));
        var said = JsonNode.Parse(run.Error)!;
        Assert.Equal(["quota"], said["bad_values"]!.AsArray().Select(n => (string?)n));
        Assert.Equal(["nonsense", "vnc_port"], said["bad_properties"]!.AsArray().Select(n => (string?)n));
        Assert.Equal(["image_uuid"], said["missing_properties"]!.AsArray().Select(n => (string?)n));
        Assert.NotEmpty(said["reasons"]!.AsArray());
    }

    [Fact]
    public void What_create_would_bend_is_told_and_refused_where_strict_is_wanted()
    {
        string payload = $$"""{"brand": "joyent", "image_uuid": "{{TestMachine.NativeImage}}", "cpu_shares": 99999}""", said = "cpu_shares: 99999 given, 65535 used (it cannot be more)";
        var run = _machine.Vmadm(payload, "validate", "create");
        Assert.Equal((0, "", $"Warning: {said}\nVALID 'create' payload for joyent brand VMs.\n"), (run.Status, run.Out, run.Error));
        Refused(_machine.Vmadm(payload, "validate", "create", "--strict"));
        _machine.Environment["VMADM_STRICT"] = "1";
        Refused(_machine.Vmadm(payload, "validate", "create"));
        Assert.Equal(1, _machine.Vmadm(payload, "create").Status);

        void Refused(Run strict)
        {
            Assert.Equal((1, ""), (strict.Status, strict.Out));
            Assert.Equal([said], JsonNode.Parse(strict.Error)!["reasons"]!.AsArray().Select(n => (string?)n));
        }
    }

    [Theory]
    [InlineData("create")]
    [InlineData("update", "solaris8")]
    public void A_brand_that_is_none_is_the_only_thing_told(params string[] words)
    {
        var run = _machine.Vmadm("""{"brand": "solaris8"}""", ["validate", .. words]);
        Assert.Equal((1, ""), (run.Status, run.Out));
        Assert.Equal("""{"bad_brand":"solaris8"}""", JsonNode.Parse(run.Error)!.ToJsonString());
    }

    [Theory]
    [InlineData("Will not validate without a valid action.")]
    [InlineData("Will not validate without a valid action.", "remove")]
    [InlineData("Will not validate without a valid action and brand.", "update")]
    public void Without_an_action_it_is_wrong_usage(string said, params string[] words)
    {
        var run = _machine.Vmadm("{}", ["validate", .. words]);
        Assert.Equal(2, run.Status);
        Assert.StartsWith(said, run.Error, StringComparison.Ordinal);
    }
}
