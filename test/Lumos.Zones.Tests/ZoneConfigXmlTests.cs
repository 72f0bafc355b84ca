using Lumos.Core;
using Lumos.Zones.Config;
using Xunit;

namespace Lumos.Zones.Tests;

public sealed class ZoneConfigXmlTests
{
    internal const string Sample = """
        <?xml version="1.0" encoding="utf-8"?>
        <!DOCTYPE zone PUBLIC "-//Sun Microsystems Inc//DTD Zones//EN" "file:///usr/share/lib/xml/dtd/zonecfg.dtd.1"[]>
        <zone name="web" zonepath="/zones/web" autoboot="true" brand="lx" limitpriv="default" ip-type="exclusive" debugid="7" hostid="f00">
          <filesystem special="/data" directory="/mnt" type="lofs">
            <fsoption name="ro" />
          </filesystem>
          <network mac-addr="2:8:20:a:b:c" vlan-id="0" physical="eth0" global-nic="admin" address="x">
            <net-attr name="ips" value="10.0.0.5/24,fd00::5/64" />
            <net-attr name="gateways" value="10.0.0.1" />
            <net-attr name="primary" value="true" />
          </network>
          <device match="/dev/zvol/rdsk/zones/web/disk0">
            <net-attr name="model" value="virtio" />
          </device>
          <rctl name="zone.cpu-cap">
            <rctl-value priv="privileged" limit="150" action="deny" />
          </rctl>
          <rctl name="zone.max-physical-memory">
            <rctl-value priv="privileged" limit="268435456" action="deny" />
          </rctl>
          <attr name="alias" type="string" value="xZliICY=" />
          <attr name="resolvers" type="string" value="8.8.8.8,1.1.1.1" />
          <dataset name="zones/web/data" />
          <mcap physcap="268435456" />
          <security-flags default="aslr"><inner a="1" /></security-flags>
          <admin user="op" auths="login" />
        </zone>
        """;

    [Fact]
    public void Reads_every_part()
    {
        var zone = ZoneConfigXml.Read(Sample, "test");
        Assert.Equal("web", zone.Name.Text);
        Assert.Equal("/zones/web", zone.ZonePath);
        Assert.True(zone.Autoboot);
        Assert.Equal(ZoneBrand.Lx, zone.Brand);
        Assert.Equal(7, zone.ZoneDid);
        Assert.Equal([KeyValuePair.Create("hostid", "f00")], zone.OtherAttributes);
        Assert.Equal(150, zone.Rctl("zone.cpu-cap"));
        Assert.Null(zone.Rctl("zone.max-lwps"));
        Assert.Equal("\u0159b &", zone.Base64Attr("alias"));
        Assert.Equal("8.8.8.8,1.1.1.1", zone.Attr("resolvers"));
        Assert.Equal("10.0.0.1", zone.Networks[0].NetAttr("gateways"));
        Assert.Equal("2:8:20:a:b:c", zone.Networks[0].MacAddr);
        Assert.Equal("virtio", zone.Devices[0].NetAttrs[0].Value);
        Assert.Equal(["ro"], zone.FileSystems[0].Options);
        Assert.Equal(["zones/web/data"], zone.Datasets);
        Assert.Equal(268435456, zone.PhysicalCap);
        Assert.Equal(2, zone.OtherElements.Length);
    }

    [Fact]
    public void What_is_written_reads_back_the_same_and_writes_the_same()
    {
        string once = ZoneConfigXml.Write(ZoneConfigXml.Read(Sample, "test"));
        string twice = ZoneConfigXml.Write(ZoneConfigXml.Read(once, "test"));
        Assert.Equal(once, twice);
        Assert.Contains("""<inner a="1" />""", once, StringComparison.Ordinal);
        Assert.Contains("""hostid="f00" """.TrimEnd(), once, StringComparison.Ordinal);
        Assert.Contains("zonecfg.dtd.1", once, StringComparison.Ordinal);
    }

    [Fact]
    public void Base64_attributes_carry_any_text()
    {
        var zone = ZoneConfigXml.Read(Sample, "test").WithBase64Attr("alias", "řeka \"<&\n");
        var back = ZoneConfigXml.Read(ZoneConfigXml.Write(zone), "test");
        Assert.Equal("řeka \"<&\n", back.Base64Attr("alias"));
        Assert.Null(back.WithBase64Attr("alias", null).Attr("alias"));
    }

    [Theory]
    [InlineData("<zone", "InvalidZoneConfig")]
    [InlineData("<vm/>", "InvalidZoneConfig")]
    [InlineData("<zone name='a'/>", "InvalidZoneConfig")]
    [InlineData("<zone name='../x' zonepath='/z'/>", "InvalidZoneConfig")]
    [InlineData("<zone name='a' zonepath='/z' debugid='x'/>", "InvalidZoneConfig")]
    [InlineData("<zone name='a' zonepath='/z'><attr value='1'/></zone>", "InvalidZoneConfig")]
    public void Refuses_what_is_not_a_zone(string xml, string code) =>
        Assert.Equal(code, Assert.Throws<LumosException>(() => ZoneConfigXml.Read(xml, "test")).Code);

    [Fact]
    public void An_entity_of_a_document_type_is_not_expanded() => Assert.Throws<LumosException>(() => ZoneConfigXml.Read(
        "<!DOCTYPE zone [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><zone name='a' zonepath='/z'><attr name='n' value='&x;'/></zone>", "test"));
}
