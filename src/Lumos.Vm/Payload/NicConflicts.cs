using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Vm.Payload;

/// <summary>What two NICs of one machine cannot both have: a MAC address, an IP address on one link, a VRRP id.</summary>
internal static class NicConflicts
{
    /// <summary>The NICs that are not as they were: faults that the others may have are not this change's.</summary>
    public static IReadOnlyList<JsonObject> NewNics(VmSpec vm, VmSpec? before)
    {
        var old = (before?.Nics ?? []).Select(n => n.ToJsonString()).ToHashSet();
        return [.. vm.Nics.Where(nic => !old.Contains(nic.ToJsonString()))];
    }

    /// <summary>Among the NICs of one VM.</summary>
    public static void Within(VmSpec vm, PayloadReport report)
    {
        var macs = new HashSet<string>();
        var addresses = new HashSet<(string Ip, string Tag, string Vlan)>();
        foreach (var nic in vm.Nics)
        {
            string mac = JsonText.Plain(nic["mac"]);
            if (!macs.Add(mac))
            {
                report.AddBadValue("nics.*.mac", $"{mac} is given to two NICs");
            }
            foreach (var place in Places(nic).Where(p => !addresses.Add(p)))
            {
                report.AddBadValue("nics.*.ip", $"{place.Ip} is given to two NICs");
            }
        }
    }

    /// <summary>Between a NIC and those of another VM.</summary>
    /// <param name="nic">Of one VM.</param>
    /// <param name="other">The other VM: its uuid and nics at least.</param>
    /// <param name="report">Gets the faults.</param>
    public static void Between(JsonObject nic, JsonObject other, PayloadReport report)
    {
        string uuid = JsonText.Plain(other["uuid"]), mac = JsonText.Plain(nic["mac"]);
        foreach (var theirs in (other["nics"] as JsonArray)?.OfType<JsonObject>() ?? [])
        {
            if (nic["vrrp_vrid"] is { } vrid && JsonText.Plain(theirs["vrrp_vrid"]) == JsonText.Plain(vrid))
            {
                report.AddBadValue("nics.*.vrrp_vrid", $"{JsonText.Plain(vrid)} is in use by VM {uuid}");
            }
            else if (JsonText.Plain(theirs["mac"]) == mac)
            {
                report.AddBadValue("nics.*.mac", $"{mac} is in use by VM {uuid}");
            }
            foreach (var (ip, tag, _) in Places(nic).Intersect(Places(theirs)))
            {
                report.AddBadValue("nics.*.ip", $"{ip} on nic tag {tag} is in use by VM {uuid}");
            }
        }
    }

    /// <summary>The texts that stand in the configuration of whoever could have what a NIC has. A VRRP id is its MAC address as well.</summary>
    public static IEnumerable<string> Texts(JsonObject nic) => Places(nic).Select(place => place.Ip).Append(JsonText.Plain(nic["mac"]));

    private static IEnumerable<(string Ip, string Tag, string Vlan)> Places(JsonObject nic)
    {
        string tag = JsonText.Plain(nic["nic_tag"]);
        string vlan = nic["vlan_id"] is { } v ? JsonText.Plain(v) : "0";
        foreach (var item in nic["ips"] as JsonArray ?? [])
        {
            if (IpNet.TryParse(JsonText.Plain(item), out var net))
            {
                yield return (net.Address.ToString(), tag, vlan);
            }
        }
    }
}
