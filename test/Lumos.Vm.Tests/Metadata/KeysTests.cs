using System.Text.Json.Nodes;
using Lumos.Vm.Metadata;
using Lumos.Vm.Metadata.Protocol;
using Xunit;

namespace Lumos.Vm.Tests.Metadata;

/// <summary>Which key is what, and who may read and write it.</summary>
public sealed class KeysTests
{
    private static readonly JsonObject Vm = JsonNode.Parse("""
        {
          "uuid": "aaaaaaaa-0000-4000-8000-000000000001", "alias": "web", "max_physical_memory": 512, "autoboot": true, "hostname": "",
          "nics": [{"interface": "net0", "mac": "02:00:00:00:00:01", "ip": "10.0.0.5", "netmask": "255.255.255.0"},
                   {"interface": "net1", "mac": "02:00:00:00:00:02", "ip": "dhcp"}],
          "resolvers": ["8.8.8.8"], "tmpfs": 256,
          "routes": {"10.1.0.0/16": "10.0.0.1", "10.2.0.0/16": "nics[0]", "10.3.0.0/16": "macs[2:0:0:0:0:1]", "10.4.0.0/16": "nics[1]", "10.5.0.0/16": "nics[7]"},
          "tags": {"role": "db", "n": 3, "deep.er": true, "on": false},
          "internal_metadata_namespaces": ["docker", "itime"],
          "customer_metadata": {"user-script": "#!/bin/sh", "n": 5, "other:x": "1", "docker:id": "guest's own", "root_pw": "guest's own", "../../etc/passwd": "a key like others"},
          "internal_metadata": {"root_pw": "secret", "docker:id": "abc", "hidden": "x", "operator-script": "#!/bin/sh op", "sdc:volumes": "[]"}
        }
        """)!.AsObject();

    [Theory]
    [InlineData("user-script", "#!/bin/sh")]
    [InlineData(" user-script ", "#!/bin/sh")]
    [InlineData("n", "5")]
    [InlineData("other:x", "1")]
    [InlineData("root_pw", "secret")]
    [InlineData("docker:id", "abc")]
    [InlineData("../../etc/passwd", "a key like others")]
    [InlineData("sdc:uuid", "aaaaaaaa-0000-4000-8000-000000000001")]
    [InlineData("sdc:alias", "web")]
    [InlineData("sdc:max_physical_memory", "512")]
    [InlineData("sdc:autoboot", "true")]
    [InlineData("sdc:hostname", "")]
    [InlineData("sdc:resolvers", """["8.8.8.8"]""")]
    [InlineData("sdc:tmpfs", "256")]
    [InlineData("sdc:tags.role", "db")]
    [InlineData("sdc:tags.n", "3")]
    [InlineData("sdc:tags.deep.er", "true")]
    [InlineData("sdc:tags.on", "false")]
    [InlineData("sdc:operator-script", "#!/bin/sh op")]
    [InlineData("sdc:volumes", "[]")]
    [InlineData("sdc:quota", "10")]
    public void It_has_the_value(string key, string value) => Assert.Equal(MetadataReply.Success(value), Get(key));

    [Theory]
    [InlineData("nothing")]
    [InlineData("hidden")]
    [InlineData("operator-script")]
    [InlineData("itime:x")]
    [InlineData("no_pw")]
    [InlineData("sdc:nothing")]
    [InlineData("sdc:")]
    [InlineData("sdc:tags.")]
    [InlineData("sdc:tags.none")]
    [InlineData("sdc:internal_metadata.hidden")]
    [InlineData("sdc:zfs_root_recsize")]
    public void There_is_none(string key) => Assert.Equal(MetadataReply.NotFound, Get(key));

    [Theory]
    [InlineData("sdc:customer_metadata")]
    [InlineData("sdc:internal_metadata")]
    [InlineData("sdc:internal_metadata_namespaces")]
    [InlineData("")]
    public void It_is_no_value_to_hand_out(string key) => Assert.Equal(MetadataOutcome.Failure, Get(key).Outcome);

    [Fact]
    public void Nics_and_routes_are_lists()
    {
        Assert.True(JsonNode.DeepEquals(Vm["nics"], JsonNode.Parse(Get("sdc:nics").Text)));
        Assert.Equal("""
            [{"linklocal":false,"dst":"10.1.0.0/16","gateway":"10.0.0.1"},{"linklocal":true,"dst":"10.2.0.0/16","gateway":"10.0.0.5"},{"linklocal":true,"dst":"10.3.0.0/16","gateway":"10.0.0.5"}]
            """.Trim(), Get("sdc:routes").Text);
        Assert.Equal("[]", MetadataKeys.Get("sdc:routes", [], () => []).Text);
    }

    [Fact]
    public void The_list_of_keys_hides_what_cannot_be_read() =>
        Assert.Equal(["user-script", "n", "other:x", "../../etc/passwd", "root_pw", "docker:id"], MetadataKeys.Keys(Vm).Text.Split('\n'));

    [Theory]
    [InlineData("a", true)]
    [InlineData("cloud-init:user-data", true)]
    [InlineData("../x", true)]
    [InlineData("a/b", true)]
    [InlineData("__proto__", true)]
    [InlineData("", false)]
    [InlineData("a\nb", false)]
    [InlineData("a\0b", false)]
    [InlineData("sdc:x", false)]
    [InlineData("docker:x", false)]
    [InlineData("x_pw", false)]
    public void A_guest_may_write_its_own_keys(string key, bool may) => Assert.Equal(may, MetadataKeys.Refusal(key, Vm) is null);

    private static MetadataReply Get(string key) => MetadataKeys.Get(key, Vm, () => new JsonObject { ["quota"] = 10 });
}
