using Lumos.Network.Hosted;
using Xunit;

namespace Lumos.Network.Tests;

public sealed class DnsmasqFilesTests
{
    internal const string Uuid = "11111111-2222-3333-4444-555555555555";

    [Fact]
    public void The_configuration_binds_one_bridge_and_keeps_the_lower_half_free()
    {
        var paths = new HostedPaths { Dnsmasq = "/d", Leases = "/l", ResolvConf = "/r" };
        string[] lines = DnsmasqFiles.Text(paths, HostedPlanTests.Config.Tags[0]).Split('\n');
        Assert.Equal(
            [
                "interface=lumos0", "except-interface=lo", "bind-dynamic", "pid-file=/d/lumos0/pid", "no-hosts", "hostsdir=/d/lumos0/names", "resolv-file=/r",
                "domain-needed", "bogus-priv", "dhcp-range=172.31.0.128,172.31.0.254,255.255.255.0,20m", "dhcp-hostsdir=/d/lumos0/dhcp",
                "dhcp-option=option:router,172.31.0.1", "dhcp-option=option:dns-server,172.31.0.1", "dhcp-leasefile=/l/lumos0.leases",
                "dhcp-lease-max=65536", "dhcp-authoritative", "dhcp-no-override", "no-ping", "quiet-dhcp", "log-facility=-",
            ],
            lines.Where(l => l.Length > 0 && l[0] != '#'));
    }

    [Theory]
    [InlineData("web1", "db.example", "web1")]
    [InlineData("Web.One", "db", "web.one")]
    [InlineData("my web", "db", "db")]
    [InlineData("10.0.0.1", null, null)]
    [InlineData("-a", "b_c", null)]
    public void The_alias_is_the_name_where_dns_can_have_it(string alias, string? hostname, string? name) =>
        Assert.Equal(name, HostedVm.Parse(Uuid, Xml(alias, hostname, "172.31.0.10/24")).Name);

    [Fact]
    public void A_static_address_is_kept_for_its_mac_and_named_and_a_lease_gets_the_name()
    {
        var tag = HostedPlanTests.Config.Tags[0];
        var vm = HostedVm.Parse(Uuid, Xml("web1", null, "172.31.0.10/24,fd00::1/64,10.0.0.1/24"));
        Assert.Equal("02:08:20:00:00:01,172.31.0.10\n", DnsmasqFiles.HostLines(tag, vm));
        Assert.Equal("172.31.0.10 web1\n", DnsmasqFiles.NameLines(tag, vm));
        var leased = HostedVm.Parse(Uuid, Xml("web1", null, "dhcp"));
        Assert.Equal("02:08:20:00:00:01,web1\n", DnsmasqFiles.HostLines(tag, leased));
        Assert.Equal("", DnsmasqFiles.NameLines(tag, leased));
        Assert.Equal("", DnsmasqFiles.HostLines(tag with { Name = "other" }, vm));
    }

    internal static string Xml(string alias, string? hostname, string ips, string mac = "2:8:20:0:0:1", string tag = "admin") => $"""
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE zone PUBLIC "-//Sun Microsystems Inc//DTD Zones//EN" "file:///usr/share/lib/xml/dtd/zonecfg.dtd.1">
        <zone name="{Uuid}" zonepath="/zones/{Uuid}" autoboot="true" brand="joyent" ip-type="exclusive">
          <network mac-addr="{mac}" vlan-id="0" physical="net0" global-nic="{tag}">
            <net-attr name="ips" value="{ips}"/>
            <net-attr name="primary" value="true"/>
          </network>
          <attr name="alias" type="string" value="{Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(alias))}"/>
          {(hostname is null ? "" : $"<attr name=\"hostname\" type=\"string\" value=\"{hostname}\"/>")}
        </zone>
        """;
}
