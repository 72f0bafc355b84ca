using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>Payloads that are refused leave nothing behind.</summary>
[Collection("05 payloads")]
public sealed class PayloadTests(Suite suite) : LiveTest(suite)
{
    [Theory]
    [InlineData("ram", "\"lots\"", "ram")]
    [InlineData("quota", "-1", "quota")]
    [InlineData("brand", "\"solaris8\"", "brand")]
    [InlineData("image_uuid", "\"00000000-1111-2222-3333-444444444444\"", "00000000-1111-2222-3333-444444444444")]
    [InlineData("image_uuid", "\"none\"", "image_uuid")]
    [InlineData("nics", "[{\"nic_tag\":\"nowhere\",\"ip\":\"dhcp\"}]", "nowhere")]
    [InlineData("nics", "[{\"nic_tag\":\"admin\",\"ip\":\"10.0.2.999\"}]", "ip")]
    [InlineData("hostname", "\"not a host name\"", "hostname")]
    public void A_wrong_value_is_named(string property, string value, string named)
    {
        string before = Inventory();
        var payload = Payloads.Bare("refused", Suite.ImageUuid("lumos-base"));
        payload[property] = JsonNode.Parse(value);
        Assert.Contains(named, Fails(1, Zone.RunWith(payload.ToJsonString(), "vmadm", "create")));
        Fails(1, Zone.RunWith(payload.ToJsonString(), "vmadm", "validate", "create", "-f", "-"));
        Assert.Equal(before, Inventory());
    }

    [Fact]
    public void What_is_not_JSON_is_refused() => Assert.Contains("JSON", Fails(1, Zone.RunWith("{\"brand\":", "vmadm", "create")));

    [Fact]
    public void A_missing_brand_is_named() => Assert.Contains("brand", Fails(1, Zone.RunWith("{\"alias\":\"x\"}", "vmadm", "create")));

    [Fact]
    public void A_UUID_in_use_is_refused()
    {
        var payload = Payloads.Bare("twin", Suite.ImageUuid("lumos-base"));
        payload["uuid"] = Suite.NativeZone.ToString();
        Assert.Contains(Suite.NativeZone.ToString(), Fails(1, Zone.RunWith(payload.ToJsonString(), "vmadm", "create")));
    }

    [Fact]
    public void A_VM_that_is_not_there_is_status_1_and_wrong_use_is_status_2()
    {
        Fails(1, Zone.Run("vmadm", "get", Guid.NewGuid().ToString()));
        Fails(1, Zone.Run("vmadm", "delete", Guid.NewGuid().ToString()));
        Fails(2, Zone.Run("vmadm", "get", "native"));
        Fails(2, Zone.Run("vmadm", "frobnicate"));
    }

    private string Inventory() => Ok(Zone.Shell("vmadm list -H -p -o uuid; zfs list -H -o name; zoneadm list -cp; ls /etc/zones"));
}
