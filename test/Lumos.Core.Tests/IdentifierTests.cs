using System.Net;
using Xunit;

namespace Lumos.Core.Tests;

public class IdentifierTests
{
    [Theory]
    [InlineData("6ba7b810-9dad-11d1-80b4-00c04fd430c8", true)]
    [InlineData("6BA7B810-9DAD-11D1-80B4-00C04FD430C8", true)]
    [InlineData("6ba7b8109dad11d180b400c04fd430c8", false)]
    [InlineData("{6ba7b810-9dad-11d1-80b4-00c04fd430c8}", false)]
    [InlineData("6ba7b810-9dad-11d1-80b4-00c04fd430c ", false)]
    [InlineData("6ba7b810-9dad-11d1-80b4-00c04fd430cg", false)]
    [InlineData(null, false)]
    public void A_uuid_has_one_form(string? text, bool valid)
    {
        Assert.Equal(valid, Uuid.TryParse(text, out var uuid));
        if (valid)
        {
            Assert.Equal(text!.ToLowerInvariant(), uuid.ToString());
        }
    }

    [Fact]
    public void Uuid_versions()
    {
        Assert.Equal(4, Uuid.New().Version);
        // The example of RFC 9562, appendix A.4.
        var dns = Uuid.Parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
        Assert.Equal("2ed6657d-e927-568b-95e1-2665a8aea6a2", Uuid.FromName(dns, "www.example.com").ToString());
    }

    [Theory]
    [InlineData("0:c:29:A:b:1", "00:0c:29:0a:0b:01")]
    [InlineData("00:0c:29:0a:0b", null)]
    [InlineData("00:0c:29:0a:0b:001", null)]
    [InlineData("00:0c:29:0a:0b:zz", null)]
    [InlineData("00:0c:29:0a:0b:", null)]
    public void Mac_octets_may_be_short(string text, string? full) =>
        Assert.Equal(full, MacAddress.TryParse(text, out var mac) ? mac.ToString() : null);

    [Fact]
    public void A_random_mac_is_local_unicast()
    {
        var mac = MacAddress.Random();
        Assert.True(mac.IsLocallyAdministered);
        Assert.False(mac.IsMulticast);
        Assert.Equal(mac, MacAddress.Parse(mac.ToString()));
    }

    [Theory]
    [InlineData("10.0.0.5/24", "10.0.0.0/24", "255.255.255.0", "10.0.0.255")]
    [InlineData("10.0.0.5", "10.0.0.5/32", "255.255.255.255", "10.0.0.5")]
    [InlineData("172.16.77.1/20", "172.16.64.0/20", "255.255.240.0", "172.16.79.255")]
    public void Ip_arithmetic(string text, string network, string netmask, string broadcast)
    {
        var net = IpNet.Parse(text);
        Assert.Equal((network, netmask, broadcast), (net.Network.ToString(), net.Netmask, net.Broadcast.ToString()));
        Assert.Equal(net, IpNet.FromNetmask(net.Address.ToString(), netmask));
    }

    [Theory]
    [InlineData("10.0.0/24")]
    [InlineData("10.0.0.5/33")]
    [InlineData("10.0.0.05/24")]
    [InlineData("256.0.0.1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("10.0.0.5/-1")]
    public void Not_an_address(string text) => Assert.False(IpNet.TryParse(text, out _));

    [Fact]
    public void Ip_v6_and_containment()
    {
        var net = IpNet.Parse("fd00:1::5/64");
        Assert.Equal("fd00:1::/64", net.Network.ToString());
        Assert.True(net.Contains(IPAddress.Parse("fd00:1::ffff")));
        Assert.False(net.Contains(IPAddress.Parse("fd00:2::1")));
        Assert.False(IpNet.TryPrefixOfNetmask("255.0.255.0", out _));
        Assert.True(IpNet.TryPrefixOfNetmask("0.0.0.0", out int zero) && zero == 0);
    }

    [Theory]
    [InlineData("8G", 8L << 30, "8 GiB", "8G")]
    [InlineData("10 GiB", 10L << 30, "10 GiB", "10G")]
    [InlineData("1.5t", 3L << 39, "1.5 TiB", "1.50T")]
    [InlineData("512", 512L, "512 B", "512B")]
    [InlineData("64KB", 65536L, "64 KiB", "64K")]
    public void Sizes(string text, long bytes, string people, string zfs)
    {
        var size = ByteCount.Parse(text);
        Assert.Equal((bytes, people, zfs), (size.Bytes, size.ToString(), size.ToShortString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("8X")]
    [InlineData("-1G")]
    [InlineData("1.2.3G")]
    [InlineData("99999999P")]
    public void Not_sizes(string text) => Assert.False(ByteCount.TryParse(text, out _));

    [Fact]
    public void Fmri_forms()
    {
        var fmri = Fmri.Parse("svc:/network/smtp:sendmail");
        Assert.Equal(new Fmri("network/smtp", "sendmail"), fmri);
        Assert.Equal(fmri, Fmri.Parse("svc://localhost/network/smtp:sendmail"));
        Assert.Equal(fmri, Fmri.Parse("network/smtp:sendmail"));
        Assert.Equal("svc:/network/smtp", fmri.OfService.ToString());
        foreach (string bad in new[] { "", "svc:/", "svc:/a//b", "svc:/a:b:c", "svc:/a b", "svc:/a:" })
        {
            Assert.False(Fmri.TryParse(bad, out _), bad);
        }
    }

    [Theory]
    [InlineData("sendmail", true)]
    [InlineData(":sendmail", true)]
    [InlineData("smtp", true)]
    [InlineData("smtp:sendmail", true)]
    [InlineData("network/smtp", true)]
    [InlineData("svc:/network/smtp", true)]
    [InlineData("*smtp*", true)]
    [InlineData("network/*", true)]
    [InlineData("mail", false)]
    [InlineData("network", false)]
    [InlineData("network/smt", false)]
    [InlineData("svc:/smtp", false)]
    [InlineData("smtp:other", false)]
    public void Fmri_abbreviations(string typed, bool matches) =>
        Assert.Equal(matches, Fmri.Parse("svc:/network/smtp:sendmail").Matches(typed));
}
