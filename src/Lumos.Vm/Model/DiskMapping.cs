using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Vm.Payload;
using Lumos.Vm.Properties;
using Lumos.Zones.Config;

namespace Lumos.Vm;

/// <summary>Between a VM's disks and the devices of its zone configuration.</summary>
internal static class DiskMapping
{
    /// <summary>Kept beside the device, as older SmartOS does: the size of a volume is asked for only when it is to change.</summary>
    private const string Size = "size";

    internal static ZoneDevice ToDevice(JsonObject disk)
    {
        var attrs = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        foreach (var (row, name) in Stored())
        {
            if (disk[row.Leaf] is { } value)
            {
                attrs.Add(KeyValuePair.Create(name, JsonText.Plain(value)));
            }
        }
        if (disk[Size] is { } size)
        {
            attrs.Add(KeyValuePair.Create(Size, JsonText.Plain(size)));
        }
        return new ZoneDevice(JsonText.Plain(disk["path"]), attrs.ToImmutable());
    }

    internal static JsonObject FromDevice(ZoneDevice device)
    {
        var disk = new JsonObject { ["path"] = device.Match };
        if (device.Match.StartsWith(DiskRules.Devices, StringComparison.Ordinal))
        {
            disk["zfs_filesystem"] = device.Match[DiskRules.Devices.Length..];
            disk["zpool"] = device.Match[DiskRules.Devices.Length..].Split('/')[0];
        }
        foreach (var (row, name) in Stored())
        {
            if (Attr(device, name) is { } text)
            {
                disk[row.Leaf] = ZoneConfigMapping.FromText(row, text);
            }
        }
        if (long.TryParse(Attr(device, Size), NumberStyles.None, CultureInfo.InvariantCulture, out long size))
        {
            disk[Size] = size;
        }
        return DiskRules.Ordered(disk);
    }

    private static IEnumerable<(Property Row, string Name)> Stored() => PropertyTable.Rows
        .Where(row => row is { Group: "disks", Status: not PropertyStatus.Ignored, Store: PropertyStore.NetAttr })
        .Select(row => (row, ((PropertyStore.NetAttr)row.Store!).Name));

    private static string? Attr(ZoneDevice device, string name) =>
        device.NetAttrs.Where(pair => pair.Key == name).Select(pair => pair.Value).FirstOrDefault();
}
