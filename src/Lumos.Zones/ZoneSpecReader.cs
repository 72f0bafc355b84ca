using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Zones.Bundle;
using Lumos.Zones.Config;
using Lumos.Zones.Docker;
using Lumos.Zones.Machines;

namespace Lumos.Zones;

/// <summary>Makes a <see cref="ZoneSpec"/> of a zone's configuration and its routes.</summary>
public static class ZoneSpecReader
{
    /// <summary>Reads both from the disk.</summary>
    /// <exception cref="LumosException">ZoneNotConfigured, ZoneCannotBoot, InvalidZoneConfig</exception>
    public static ZoneSpec Load(ZoneConfigStore store, ZoneName name)
    {
        var config = store.Load(name);
        string routes = Path.Combine(config.ZonePath, "config", "routes.json");
        return Read(config, File.Exists(routes) ? File.ReadAllText(routes) : null, config.IsDocker ? ReadMetadata(config) : null);
    }

    /// <summary>Text of config/metadata.json; null: there is none.</summary>
    public static string? ReadMetadata(ZoneConfig config) =>
        Path.Combine(config.ZonePath, "config", "metadata.json") is var file && File.Exists(file) ? File.ReadAllText(file) : null;

    /// <summary>Pure.</summary>
    /// <param name="metadataJson">Text of config/metadata.json, which says what a docker zone runs; null: there is none.</param>
    /// <param name="routesJson">Text of config/routes.json: an object of destination to gateway; null: no routes.</param>
    /// <exception cref="LumosException">ZoneCannotBoot, InvalidZoneConfig</exception>
    public static ZoneSpec Read(ZoneConfig zone, string? routesJson, string? metadataJson = null)
    {
        if (!zone.Brand.CanRun)
        {
            throw new LumosException("ZoneCannotBoot",
                $"zone '{zone.Name}' has brand {zone.Brand}, which this release cannot boot (joyent, joyent-minimal, builder, lx, bhyve, kvm)");
        }
        if (zone.ZoneDid is not { } did)
        {
            throw new LumosException("InvalidZoneConfig", $"zone '{zone.Name}' has no debugid in its configuration");
        }
        long? megabytes = Number(zone, ZoneAttrNames.Tmpfs);
        var nics = zone.Networks.Select(n => Nic(zone.Name, n)).ToImmutableArray();
        if (nics.Length > 0 && !nics.Any(n => n.Primary))
        {
            nics = nics.SetItem(0, nics[0] with { Primary = true });
        }
        return new ZoneSpec
        {
            Name = zone.Name,
            Brand = zone.Brand,
            ZoneDid = did,
            ZonePath = zone.ZonePath,
            Hostname = zone.Attr(ZoneAttrNames.Hostname) ?? zone.Name.Text,
            CpuCap = Int(zone.Rctl(ZoneAttrNames.CpuCap)),
            CpuShares = Int(zone.Rctl(ZoneAttrNames.CpuShares)),
            MaxLwps = Int(zone.Rctl(ZoneAttrNames.MaxLwps)),
            IoPriority = Int(zone.Rctl(ZoneAttrNames.ZfsIoPriority)),
            Ipc = Ipc(zone),
            Capabilities = zone.Brand.IsHvm ? [] : Capabilities(zone),
            FsAllowed = Words(zone.FsAllowed),
            MemoryBytes = zone.Rctl(ZoneAttrNames.MaxPhysicalMemory) ?? zone.PhysicalCap,
            SwapBytes = zone.Rctl(ZoneAttrNames.MaxSwap),
            LockedBytes = zone.Rctl(ZoneAttrNames.MaxLockedMemory),
            TmpfsBytes = megabytes << 20,
            Nics = nics,
            Routes = Routes(zone.Name, nics, routesJson),
            Resolvers = Words(zone.Attr(ZoneAttrNames.Resolvers)),
            DnsDomain = zone.Attr(ZoneAttrNames.DnsDomain),
            MaintainResolvers = zone.Attr(ZoneAttrNames.MaintainResolvers) is "true" or "1",
            Mounts = [.. zone.FileSystems.Select(f => new ZoneMount(f.Special, f.Directory, f.Type, f.Options))],
            Datasets = Datasets(zone),
            Machine = MachineReader.Read(zone),
            Docker = zone.IsDocker ? DockerZoneReader.Read(zone.Name, metadataJson) : null,
            Init = zone.Attr(ZoneAttrNames.InitName) is { Length: > 0 } init ? [init] : [],
            KernelVersion = zone.Brand.IsLx && zone.Attr(ZoneAttrNames.KernelVersion) is { Length: > 0 } kernel ? kernel : null,
            ConsoleLogBytes = Number(zone, ZoneAttrNames.ConsoleLogBytes) ?? 1 << 20,
        };
    }

    private static ZoneIpc Ipc(ZoneConfig zone)
    {
        var usual = new ZoneIpc();
        return new ZoneIpc(
            zone.Rctl(ZoneAttrNames.MaxShmMemory),
            Int(zone.Rctl(ZoneAttrNames.MaxShmIds)) ?? usual.SharedIds,
            Int(zone.Rctl(ZoneAttrNames.MaxSemIds)) ?? usual.SemaphoreIds,
            Int(zone.Rctl(ZoneAttrNames.MaxMsgIds)) ?? usual.MessageIds);
    }

    // What holds the zone's own root would let it change what it is made of, and more.
    private static ImmutableArray<DatasetName> Datasets(ZoneConfig zone) => [.. zone.Datasets.Distinct().Select(text =>
        !DatasetName.TryParse(text, out var name) ? throw new LumosException("InvalidZoneConfig", $"zone '{zone.Name}': dataset \"{text}\" is not a name of a dataset")
        : name.Parent is null ? throw new LumosException("InvalidZoneConfig", $"zone '{zone.Name}': {name} is a whole pool, which no zone can be given")
        : zone.ZonePath == "/" + name || zone.ZonePath.StartsWith($"/{name}/", StringComparison.Ordinal)
            ? throw new LumosException("InvalidZoneConfig", $"zone '{zone.Name}': {name} holds the zone itself, so it cannot be given to it")
        : name)];

    private static ImmutableArray<string> Capabilities(ZoneConfig zone)
    {
        var set = Privileges.Of(Words(zone.LimitPriv));
        return set.Faults.IsEmpty
            ? set.Capabilities
            : throw new LumosException("ZoneCannotBoot", $"zone '{zone.Name}': limitpriv: {string.Join("; ", set.Faults)}");
    }

    private static ZoneNic Nic(ZoneName zone, ZoneNetwork network)
    {
        string Needed(string? value, string what) => value is { Length: > 0 }
            ? value
            : throw new LumosException("InvalidZoneConfig", $"zone '{zone}': network {network.Physical} has no {what}");

        var ips = Words(network.NetAttr("ips"));
        if (ips.IsEmpty && network.NetAttr("ip") is { Length: > 0 } ip)
        {
            // Older configurations have one address and its mask apart.
            ips = [ip is "dhcp" or "addrconf" || ip.Contains('/') || network.NetAttr("netmask") is not { } mask
                ? ip
                : $"{ip}/{PrefixLength(zone, mask)}"];
        }
        var gateways = Words(network.NetAttr("gateways"));
        if (gateways.IsEmpty && network.NetAttr("gateway") is { Length: > 0 } gateway)
        {
            gateways = [gateway];
        }
        return new ZoneNic
        {
            Interface = network.Physical,
            Mac = Mac(Needed(network.MacAddr, "mac-addr")),
            NicTag = Needed(network.GlobalNic, "global-nic"),
            VlanId = int.TryParse(network.VlanId, NumberStyles.None, CultureInfo.InvariantCulture, out int vlan) ? vlan : 0,
            Mtu = int.TryParse(network.NetAttr("mtu"), NumberStyles.None, CultureInfo.InvariantCulture, out int mtu) ? mtu : null,
            Ips = ips,
            Gateways = gateways,
            Primary = network.NetAttr("primary") is "true" or "1",
        };
    }

    // illumos writes 2:8:20:a:b:c for 02:08:20:0a:0b:0c.
    private static string Mac(string text) =>
        string.Join(':', text.Split(':').Select(part => part.Length == 1 ? "0" + part : part)).ToLowerInvariant();

    private static int PrefixLength(ZoneName zone, string mask)
    {
        if (System.Net.IPAddress.TryParse(mask, out var address) && address.GetAddressBytes() is { Length: 4 } bytes)
        {
            uint bits = (uint)((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]);
            int length = System.Numerics.BitOperations.PopCount(bits);
            if (length == 0 || bits == uint.MaxValue << (32 - length))
            {
                return length;
            }
        }
        throw new LumosException("InvalidZoneConfig", $"zone '{zone}': netmask \"{mask}\" is not a netmask");
    }

    private static ImmutableArray<ZoneRoute> Routes(ZoneName zone, ImmutableArray<ZoneNic> nics, string? json)
    {
        if (string.IsNullOrWhiteSpace(json))
        {
            return [];
        }
        try
        {
            if (JsonNode.Parse(json) is not JsonObject map)
            {
                throw new LumosException("InvalidZoneConfig", $"zone '{zone}': routes.json does not hold an object");
            }
            return [.. map.Select(pair => new ZoneRoute(pair.Key, pair.Value?.GetValue<string>() ?? ""))
                .Select(route => route with { Gateway = ResolveGateway(zone, nics, route) })];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new LumosException("InvalidZoneConfig", $"zone '{zone}': routes.json is not valid", inner: e);
        }
    }

    // SmartOS: nics[N] and macs[MAC] route through a link, kept here as "dev NAME".
    private static string ResolveGateway(ZoneName zone, ImmutableArray<ZoneNic> nics, ZoneRoute route)
    {
        if (!route.Gateway.EndsWith(']'))
        {
            return route.Gateway;
        }
        string inner = route.Gateway[(route.Gateway.IndexOf('[') + 1)..^1];
        ZoneNic? nic = null;
        if (route.Gateway.StartsWith("nics[", StringComparison.Ordinal)
            && int.TryParse(inner, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n < nics.Length)
        {
            nic = nics[n];
        }
        else if (route.Gateway.StartsWith("macs[", StringComparison.Ordinal))
        {
            nic = nics.FirstOrDefault(each => each.Mac == Mac(inner));
        }
        return nic is null
            ? throw new LumosException("InvalidZoneConfig", $"zone '{zone}': route {route.Destination} goes through {route.Gateway}, which is not a NIC of the zone")
            : "dev " + nic.Interface;
    }

    private static ImmutableArray<string> Words(string? list) =>
        list is null ? [] : [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static int? Int(long? value) => value is null ? null : (int)Math.Min(value.Value, int.MaxValue);

    private static long? Number(ZoneConfig zone, string attr) =>
        long.TryParse(zone.Attr(attr), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
}
