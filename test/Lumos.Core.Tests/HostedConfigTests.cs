using Lumos.Core;
using Lumos.Core.Hosting;
using Xunit;

namespace Lumos.Core.Tests;

public sealed class HostedConfigTests
{
    private const string Text = """
        {"name": "default", "link_prefix": "lumos0", "newer": 1,
         "pool": {"kind": "btrfs", "name": "zones", "root": "/zones"},
         "tags": [{"name": "admin", "bridge": "lumos0", "subnet": "172.31.0.0/24", "nat": true, "dhcp": true},
                  {"name": "ext", "bridge": "br0", "existing": true}]}
        """;

    [Fact]
    public void Is_read_and_written()
    {
        var config = HostedConfig.Parse(Text);
        Assert.Equal(("default", "lumos0"), (config.Name, config.LinkPrefix));
        Assert.Equal(new HostedPool("btrfs", "zones", "/zones"), config.Pool);
        Assert.Equal(
            [
                new HostedTag { Name = "admin", Bridge = "lumos0", Subnet = IpNet.Parse("172.31.0.0/24") },
                new HostedTag { Name = "ext", Bridge = "br0", Existing = true, Nat = false, Dhcp = false },
            ],
            config.Tags);
        var again = HostedConfig.Parse(config.ToJson());
        Assert.Equal(config.Tags, again.Tags);
        Assert.Equal(config, again with { Tags = config.Tags });
        Assert.Empty(HostedConfig.Parse("""{"name": "a", "link_prefix": "b"}""").Tags);
    }

    [Theory]
    [InlineData("172.31.0.0/24", "172.31.0.1/24", "172.31.0.128", "172.31.0.254")]
    [InlineData("10.8.0.0/16", "10.8.0.1/16", "10.8.128.0", "10.8.255.254")]
    [InlineData("10.8.0.4/30", "10.8.0.5/30", "10.8.0.6", "10.8.0.6")]
    [InlineData("192.168.7.128/29", "192.168.7.129/29", "192.168.7.132", "192.168.7.134")]
    public void The_first_address_is_the_hosts_and_the_upper_half_is_given_out(string subnet, string gateway, string first, string last)
    {
        var tag = new HostedTag { Name = "a", Bridge = "b", Subnet = IpNet.Parse(subnet) };
        Assert.Equal(gateway, tag.Gateway.ToString());
        Assert.Equal((first, last), (tag.DhcpRange.First.ToString(), tag.DhcpRange.Last.ToString()));
    }

    [Theory]
    [InlineData("[]", "the whole")]
    [InlineData("{", "JSON")]
    [InlineData("""{"name":"a","name":"b"}""", "JSON")]
    [InlineData("""{"link_prefix":"b"}""", "name")]
    [InlineData("""{"name":"a b","link_prefix":"b"}""", "\"a b\"")]
    [InlineData("""{"name":"a","link_prefix":"much-too-long"}""", "link_prefix")]
    [InlineData("""{"name":"a","link_prefix":"b","tags":{}}""", "tags")]
    [InlineData("""{"name":"a","link_prefix":"b","tags":[{"name":"t","bridge":"b"}]}""", "tags[0].subnet")]
    [InlineData("""{"name":"a","link_prefix":"b","tags":[{"name":"t","subnet":"10.0.0.0/24"}]}""", "tags[0].bridge")]
    [InlineData("""{"name":"a","link_prefix":"b","tags":[{"name":"t","bridge":"b","subnet":"10.0.0.7/24"}]}""", "10.0.0.0/24")]
    [InlineData("""{"name":"a","link_prefix":"b","tags":[{"name":"t","bridge":"b","subnet":"10.0.0.0/31"}]}""", "/30")]
    [InlineData("""{"name":"a","link_prefix":"b","tags":[{"name":"t","bridge":"b","subnet":"fd00::/64"}]}""", "IPv4")]
    [InlineData("""{"name":"a","link_prefix":"b","tags":[{"name":"t","bridge":"x\" y","subnet":"10.0.0.0/24"}]}""", "no name of a link")]
    [InlineData("""{"name":"a","link_prefix":"b","tags":[{"name":"1","bridge":"b","subnet":"10.0.0.0/24"}]}""", "tag \"1\"")]
    [InlineData("""{"name":"a","link_prefix":"b","tags":[{"name":"t","bridge":"b","subnet":"10.0.0.0/24","nat":"yes"}]}""", "tags[0].nat")]
    [InlineData("""{"name":"a","link_prefix":"b","tags":[{"name":"t","bridge":"b","existing":true},{"name":"t","bridge":"c","existing":true}]}""", "twice")]
    [InlineData("""{"name":"a","link_prefix":"b","tags":[{"name":"t","bridge":"b","existing":true},{"name":"u","bridge":"b","subnet":"10.0.0.0/24"}]}""", "both want")]
    [InlineData("""{"name":"a","link_prefix":"b","tags":[{"name":"t","bridge":"b","subnet":"10.0.0.0/8"},{"name":"u","bridge":"c","subnet":"10.9.0.0/24"}]}""", "overlap")]
    public void What_is_wrong_is_named(string text, string word)
    {
        var error = Assert.Throws<LumosException>(() => HostedConfig.Parse(text, "hosted.json"));
        Assert.Equal("BadHostedConfig", error.Code);
        Assert.StartsWith("hosted.json", error.Message, StringComparison.Ordinal);
        Assert.Contains(word, error.Message, StringComparison.Ordinal);
    }
}
