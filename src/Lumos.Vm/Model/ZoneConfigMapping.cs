using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Payload;
using Lumos.Vm.Properties;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm;

/// <summary>
/// Between a VM's properties and its zone configuration. Which property is which attr or resource control stands in the
/// property table; only the parts that have elements of their own (zone, network) are written out here.
/// </summary>
public static class ZoneConfigMapping
{
    /// <summary>Attr of a VM whose first boot is not over.</summary>
    public const string Provisioning = "provisioning";

    /// <summary>Attr of a VM whose first boot did not end in time.</summary>
    public const string Failed = "failed";

    /// <summary>Attr that keeps mdata_exec_timeout, in seconds, until the first boot is over.</summary>
    public const string ProvisioningTimeout = "provisioning-timeout";

    /// <summary>Attr of boot_priority.</summary>
    public const string BootPriority = "boot-priority";

    /// <summary>Attr of boot_delay, in seconds.</summary>
    public const string BootDelay = "boot-delay";

    /// <summary>Attr of restart_init.</summary>
    public const string RestartInit = "restart-init";

    /// <summary>The configuration of a VM; what <paramref name="before"/> has that we do not know is kept.</summary>
    public static ZoneConfig ToConfig(VmSpec vm, ZoneConfig? before)
    {
        var config = (before ?? new ZoneConfig
        {
            Name = ZoneName.Parse(vm.ZoneName),
            Brand = new ZoneBrand(vm.Brand),
            ZonePath = vm.ZonePath,
        }) with
        {
            Autoboot = vm.Autoboot,
            LimitPriv = string.Join(',', vm.List("limit_priv")) is { Length: > 0 } privileges ? privileges : null,
            FsAllowed = string.Join(',', vm.List("fs_allowed")) is { Length: > 0 } allowed ? allowed : null,
            Networks = [.. vm.Nics.Select(Network)],
            FileSystems = [.. vm.Filesystems.Select(FileSystem)],
            Datasets = [.. vm.List("datasets")],
        };
        if (vm.IsMachine)
        {
            config = config with { Devices = [.. vm.Disks.Select(DiskMapping.ToDevice)] };
        }
        foreach (var row in PropertyTable.Rows.Where(r => r.Group is null))
        {
            var value = vm.Properties[row.Name];
            switch (row.Store)
            {
                case PropertyStore.Attr(var name, var base64) when row.Status is not (PropertyStatus.Computed or PropertyStatus.Ignored):
                    config = base64
                        ? config.WithBase64Attr(name, value is null ? null : JsonText.Plain(value))
                        : config.WithAttr(name, value is null ? null : JsonText.Plain(value));
                    break;
                case PropertyStore.Rctl(var name, _, var action, var mebibytes):
                    config = config.WithRctl(name, vm.Integer(row.Name) is { } number ? mebibytes ? number << 20 : number : null, action);
                    break;
            }
        }
        return config.WithAttr(ZoneAttrNames.LogMode, vm.IsDocker ? vm.Docker.LogMode : null);
    }

    /// <summary>The properties that a zone configuration holds, in the table's order. Damaged numbers are left out.</summary>
    public static JsonObject FromConfig(ZoneConfig config, string uuid)
    {
        var vm = new JsonObject
        {
            ["uuid"] = uuid,
            ["zonename"] = config.Name.Text,
            ["brand"] = config.Brand.Name,
            ["autoboot"] = config.Autoboot,
            ["zonepath"] = config.ZonePath,
            ["zpool"] = config.ZonePath.Split('/') is [.., var pool, _] && pool.Length > 0 ? pool : "zones",
        };
        foreach (var row in PropertyTable.Rows.Where(r => r.Group is null))
        {
            switch (row.Store)
            {
                case PropertyStore.Attr(var name, var base64)
                    when (base64 ? config.Base64Attr(name) : config.Attr(name)) is { } text:
                    vm[row.Name] = FromText(row, text);
                    break;
                case PropertyStore.Rctl(var name, _, _, var mebibytes) when config.Rctl(name) is { } limit:
                    vm[row.Name] = mebibytes ? limit >> 20 : limit;
                    break;
            }
        }
        SetList(vm, "limit_priv", config.LimitPriv);
        SetList(vm, "fs_allowed", config.FsAllowed);
        if (!config.Datasets.IsEmpty)
        {
            vm["datasets"] = new JsonArray([.. config.Datasets.Select(name => (JsonNode)name)]);
        }
        vm["resolvers"] ??= new JsonArray();
        var nics = new JsonArray();
        foreach (var network in config.Networks)
        {
            nics.Add((JsonNode)Nic(network));
        }
        vm["nics"] = nics;
        if (config.Brand.IsHvm)
        {
            vm["disks"] = new JsonArray([.. config.Devices.Select(device => (JsonNode)DiskMapping.FromDevice(device))]);
        }
        FilesystemRules.Put(vm, config.FileSystems.Select(Filesystem));
        return vm;
    }

    private static void SetList(JsonObject vm, string name, string? text)
    {
        if (text is not null)
        {
            vm[name] = FromText(PropertyTable.Find(name)!, text);
        }
    }

    internal static JsonNode? FromText(Property row, string text)
    {
        switch (row.Type)
        {
            case PropertyType.Integer:
                return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long n) ? n : null;
            case PropertyType.Boolean:
                return text is "true" or "1";
            case PropertyType.List:
                var list = new JsonArray();
                foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
                {
                    list.Add((JsonNode)part);
                }
                return list;
            default:
                return row.Name is "provisioning" or "failed" ? text is "true" or "1" : text;
        }
    }

    private static ZoneFileSystem FileSystem(JsonObject fs) => new()
    {
        Special = JsonText.Plain(fs["source"]),
        Directory = JsonText.Plain(fs["target"]),
        Type = JsonText.Plain(fs["type"]),
        Raw = fs["raw"] is { } raw ? JsonText.Plain(raw) : null,
        Options = [.. (fs["options"] as JsonArray)?.Select(JsonText.Plain) ?? []],
    };

    private static JsonObject Filesystem(ZoneFileSystem fs)
    {
        var result = new JsonObject { ["source"] = fs.Special, ["target"] = fs.Directory };
        if (fs.Raw is { } raw)
        {
            result["raw"] = raw;
        }
        result["type"] = fs.Type;
        if (!fs.Options.IsEmpty)
        {
            result["options"] = new JsonArray([.. fs.Options.Select(option => (JsonNode)option)]);
        }
        return result;
    }

    private static ZoneNetwork Network(JsonObject nic)
    {
        var attrs = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        foreach (var row in PropertyTable.Rows.Where(r => r.Group == "nics"))
        {
            if (row.Store is PropertyStore.NetAttr(var name) && nic[row.Leaf] is { } value)
            {
                attrs.Add(KeyValuePair.Create(name, JsonText.Plain(value)));
            }
        }
        return new ZoneNetwork
        {
            Physical = JsonText.Plain(nic["interface"]),
            MacAddr = JsonText.Plain(nic["mac"]),
            GlobalNic = nic["nic_tag"] is { } tag ? JsonText.Plain(tag) : null,
            VlanId = nic["vlan_id"] is { } vlan ? JsonText.Plain(vlan) : null,
            NetAttrs = attrs.ToImmutable(),
        };
    }

    private static JsonObject Nic(ZoneNetwork network)
    {
        var nic = new JsonObject { ["interface"] = network.Physical };
        if (network.MacAddr is { } mac)
        {
            nic["mac"] = MacAddress.TryParse(mac, out var address) ? address.ToString() : mac;
        }
        if (network.VlanId is { } vlan && long.TryParse(vlan, out long id))
        {
            nic["vlan_id"] = id;
        }
        if (network.GlobalNic is { } tag)
        {
            nic["nic_tag"] = tag;
        }
        foreach (var row in PropertyTable.Rows.Where(r => r.Group == "nics"))
        {
            if (row.Store is PropertyStore.NetAttr(var name) && network.NetAttr(name) is { } text)
            {
                nic[row.Leaf] = FromText(row, text);
            }
        }
        return NicRules.Ordered(nic);
    }
}
