using Lumos.Core;
using Lumos.Zones.Config;
using Xunit;

namespace Lumos.Zones.Tests;

public sealed class ZoneSpecReaderTests
{
    private static readonly ZoneConfig Config = ZoneConfigXml.Read(ZoneConfigXmlTests.Sample, "test");

    [Fact]
    public void Reads_a_configuration()
    {
        var spec = ZoneSpecReader.Read(Config, """{"10.9.0.0/16": "10.0.0.9", "10.8.0.0/16": "nics[0]"}""");
        Assert.Equal(7, spec.ZoneDid);
        Assert.Equal("web", spec.Hostname);
        Assert.Equal(150, spec.CpuCap);
        Assert.Null(spec.MaxLwps);
        Assert.Equal(256L << 20, spec.MemoryBytes);
        Assert.Equal(["8.8.8.8", "1.1.1.1"], spec.Resolvers);
        var nic = Assert.Single(spec.Nics);
        Assert.Equal("02:08:20:0a:0b:0c", nic.Mac);
        Assert.True(nic.Primary);
        Assert.Equal(["10.0.0.5/24", "fd00::5/64"], nic.Ips);
        Assert.Equal([new ZoneRoute("10.9.0.0/16", "10.0.0.9"), new ZoneRoute("10.8.0.0/16", "dev eth0")], spec.Routes);
        Assert.Equal("/mnt", Assert.Single(spec.Mounts).Target);
    }

    [Theory]
    [InlineData("lx", "4.4.0", "4.4.0")]
    [InlineData("lx", "", null)]
    [InlineData("joyent", "4.4.0", null)]
    public void Only_an_lx_zone_is_told_another_kernel(string brand, string given, string? told)
    {
        var config = (Config with { Brand = new ZoneBrand(brand) }).WithAttr(ZoneAttrNames.KernelVersion, given);
        Assert.Equal(told, ZoneSpecReader.Read(config, null).KernelVersion);
    }

    [Theory]
    [InlineData(null, 1 << 20)]
    [InlineData("4096", 4096)]
    public void The_console_log_begins_anew_at_zlog_max_size(string? given, long bytes)
    {
        var spec = ZoneSpecReader.Read(given is null ? Config : Config.WithAttr(ZoneAttrNames.ConsoleLogBytes, given), null);
        Assert.Equal(bytes, spec.ConsoleLogBytes);
    }

    [Fact]
    public void Takes_the_older_form_of_an_address()
    {
        var old = Config with
        {
            Networks = [Config.Networks[0] with { NetAttrs =
            [
                KeyValuePair.Create("ip", "10.0.0.7"), KeyValuePair.Create("netmask", "255.255.252.0"), KeyValuePair.Create("gateway", "10.0.0.1"),
            ] }],
        };
        var nic = Assert.Single(ZoneSpecReader.Read(old, null).Nics);
        Assert.Equal(["10.0.0.7/22"], nic.Ips);
        Assert.Equal(["10.0.0.1"], nic.Gateways);
        Assert.True(nic.Primary); // one of them always is
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"10.0.0.0/8": 5}""")]
    [InlineData("""{"10.0.0.0/8": "nics[4]"}""")]
    public void Refuses_bad_routes(string json) =>
        Assert.Equal("InvalidZoneConfig", Assert.Throws<LumosException>(() => ZoneSpecReader.Read(Config, json)).Code);

    [Theory]
    [InlineData("zones")]
    [InlineData("zones/{0}")]
    [InlineData("zones/../etc")]
    [InlineData("")]
    public void Refuses_datasets_that_no_zone_can_be_given(string dataset)
    {
        var zone = Config with { ZonePath = $"/zones/{Config.Name}", Datasets = [dataset.Replace("{0}", Config.Name.Text)] };
        Assert.Equal("InvalidZoneConfig", Assert.Throws<LumosException>(() => ZoneSpecReader.Read(zone, null)).Code);
        Assert.Equal(["zones/shared", $"zones/{Config.Name}/data"],
            ZoneSpecReader.Read(zone with { Datasets = ["zones/shared", $"zones/{Config.Name}/data", "zones/shared"] }, null).Datasets.Select(d => d.Value));
    }

    [Fact]
    public void Refuses_a_brand_it_cannot_boot()
    {
        var error = Assert.Throws<LumosException>(() => ZoneSpecReader.Read(Config with { Brand = new ZoneBrand("solaris10") }, null));
        Assert.Equal("ZoneCannotBoot", error.Code);
    }
}
