using System.Collections.Immutable;
using System.Globalization;
using Lumos.Core;
using Lumos.Zones.Config;

namespace Lumos.Zones.Configure;

/// <summary>The types of resources, in the order in which they are shown.</summary>
public static class ResourceTypes
{
    /// <summary>Names of other systems' types, and why there is none of them here.</summary>
    public static ImmutableSortedDictionary<string, string> Refused { get; } = new Dictionary<string, string>
    {
        ["dedicated-cpu"] = "zones get no processors of their own here: capped-cpu bounds a zone, cpu-shares weighs it",
        ["security-flags"] = "process security flags are the kernel's own here, alike for all zones",
        ["admin"] = "administration is not delegated to users here: root of the global zone does it",
        ["inherit-pkg-dir"] = "packages are not shared between zones here: native zones have the platform's /usr",
    }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    // Before All, which is made of them.
    private static readonly ImmutableArray<string> NetAttributes = ["address", "allowed-address", "defrouter"];

    private static readonly ImmutableArray<(string Property, string Rctl)> MemoryCaps =
    [
        ("physical", ZoneAttrNames.MaxPhysicalMemory), ("swap", ZoneAttrNames.MaxSwap), ("locked", ZoneAttrNames.MaxLockedMemory),
    ];

    public static ImmutableArray<ResourceType> All { get; } = [FileSystem(), Net(), Device(), CappedCpu(), CappedMemory(), Attr(), Dataset(), Rctl()];

    public static ResourceType? Find(string name) => All.FirstOrDefault(t => t.Name == name);

    private static ResourceType FileSystem() => new()
    {
        Name = "fs",
        Properties = [new("dir", true, Absolute), new("special", true), new("raw", false), new("type", true)],
        List = "options",
        Key = "dir",
        Read = zone => zone.FileSystems.Select(fs => ResourceDraft.Empty.With("dir", fs.Directory).With("special", fs.Special)
            .With("raw", fs.Raw).With("type", fs.Type) with { Items = [.. fs.Options.Select(o => new ConfigValue.Simple(o))] }),
        Write = (zone, place, draft) => zone with
        {
            FileSystems = Put(zone.FileSystems, place, (place is { } at ? zone.FileSystems[at] : new ZoneFileSystem
            {
                Directory = "", Special = "", Type = "",
            }) with
            {
                Directory = draft.Required("dir"),
                Special = draft.Required("special"),
                Raw = draft["raw"],
                Type = draft.Required("type"),
                Options = [.. draft.Items.OfType<ConfigValue.Simple>().Select(o => o.Text)],
            }),
        },
        Remove = (zone, place) => zone with { FileSystems = zone.FileSystems.RemoveAt(place) },
    };

    private static ResourceType Net() => new()
    {
        Name = "net",
        Properties =
        [
            new("address", false), new("allowed-address", false), new("defrouter", false), new("global-nic", false),
            new("mac-addr", false, Mac), new("physical", true), new("vlan-id", false, Vlan),
        ],
        List = "property",
        ListFields = ["name", "value"],
        Key = "physical",
        Read = zone => zone.Networks.Select(net =>
        {
            var draft = ResourceDraft.Empty.With("physical", net.Physical).With("mac-addr", net.MacAddr).With("vlan-id", net.VlanId)
                .With("global-nic", net.GlobalNic) with { Items = Items(net.NetAttrs) };
            return NetAttributes.Aggregate(draft, (d, name) => d.With(name, net.OtherAttributes.FirstOrDefault(a => a.Key == name && a.Value.Length > 0).Value));
        }),
        Write = (zone, place, draft) =>
        {
            var before = place is { } at ? zone.Networks[at] : new ZoneNetwork { Physical = "" };
            return zone with
            {
                Networks = Put(zone.Networks, place, before with
                {
                    Physical = draft.Required("physical"),
                    MacAddr = draft["mac-addr"],
                    VlanId = draft["vlan-id"],
                    GlobalNic = draft["global-nic"],
                    OtherAttributes =
                    [
                        .. NetAttributes.Where(name => draft[name] is not null).Select(name => KeyValuePair.Create(name, draft[name]!)),
                        .. before.OtherAttributes.Where(a => !NetAttributes.Contains(a.Key)),
                    ],
                    NetAttrs = draft.NamedItems(),
                }),
            };
        },
        Remove = (zone, place) => zone with { Networks = zone.Networks.RemoveAt(place) },
    };

    private static ResourceType Device() => new()
    {
        Name = "device",
        Properties = [new("match", true)],
        List = "property",
        ListFields = ["name", "value"],
        Key = "match",
        Read = zone => zone.Devices.Select(d => ResourceDraft.Empty.With("match", d.Match) with { Items = Items(d.NetAttrs) }),
        Write = (zone, place, draft) => zone with
        {
            Devices = Put(zone.Devices, place, (place is { } at ? zone.Devices[at] : new ZoneDevice("", [])) with
            {
                Match = draft.Required("match"), NetAttrs = draft.NamedItems(),
            }),
        },
        Remove = (zone, place) => zone with { Devices = zone.Devices.RemoveAt(place) },
    };

    private static ResourceType Rctl() => new()
    {
        Name = "rctl",
        Properties = [new("name", true)],
        List = "value",
        ListFields = ["priv", "limit", "action"],
        ListRequired = true,
        Key = "name",
        Check = draft => draft.Items.OfType<ConfigValue.Complex>().FirstOrDefault(v => !ConfigUnits.IsCount(ResourceDraft.Field(v, "limit"))) is { } bad
            ? $"limit \"{ResourceDraft.Field(bad, "limit")}\" is not a number"
            : null,
        Read = zone => zone.Rctls.Select(r => ResourceDraft.Empty.With("name", r.Name) with
        {
            Items = [.. r.Values.Select(v => new ConfigValue.Complex(
                [KeyValuePair.Create("priv", v.Privilege), KeyValuePair.Create("limit", v.Limit), KeyValuePair.Create("action", v.Action)]))],
        }),
        Write = (zone, place, draft) => zone with
        {
            Rctls = Put(zone.Rctls, place, (place is { } at ? zone.Rctls[at] : new ZoneRctl("", [])) with
            {
                Name = draft.Required("name"),
                Values = [.. draft.Items.OfType<ConfigValue.Complex>().Select(v => new ZoneRctlValue(
                    ResourceDraft.Field(v, "priv"), ResourceDraft.Field(v, "limit"), ResourceDraft.Field(v, "action")))],
            }),
        },
        Remove = (zone, place) => zone with { Rctls = zone.Rctls.RemoveAt(place) },
    };

    private static ResourceType Attr() => new()
    {
        Name = "attr",
        Properties = [new("name", true, AttrName), new("type", true, AttrType), new("value", true)],
        Key = "name",
        Check = draft => (draft["type"], draft["value"]) switch
        {
            ("boolean", not ("true" or "false" or "1" or "0")) => $"\"{draft["value"]}\" is not a boolean",
            ("int", { } value) when !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) =>
                $"\"{value}\" is not an int",
            ("uint", { } value) when !ConfigUnits.IsCount(value) => $"\"{value}\" is not a uint",
            _ => null,
        },
        Read = zone => zone.Attrs.Select(a => ResourceDraft.Empty.With("name", a.Name).With("type", a.Type).With("value", a.Value)),
        Write = (zone, place, draft) => zone with
        {
            Attrs = Put(zone.Attrs, place, (place is { } at ? zone.Attrs[at] : new ZoneAttr("", "", "")) with
            {
                Name = draft.Required("name"), Type = draft.Required("type"), Value = draft["value"] ?? "",
            }),
        },
        Remove = (zone, place) => zone with { Attrs = zone.Attrs.RemoveAt(place) },
    };

    private static ResourceType Dataset() => new()
    {
        Name = "dataset",
        Properties = [new("name", true)],
        Key = "name",
        Read = zone => zone.Datasets.Select(d => ResourceDraft.Empty.With("name", d)),
        Write = (zone, place, draft) => zone with { Datasets = Put(zone.Datasets, place, draft.Required("name")) },
        Remove = (zone, place) => zone with { Datasets = zone.Datasets.RemoveAt(place) },
    };

    private static ResourceType CappedCpu() => new()
    {
        Name = "capped-cpu",
        Properties = [new("ncpus", true, text => ConfigUnits.Percent(text) is null ? "a number of CPUs above 0 is expected, such as 1.5" : null)],
        IsAlias = true,
        Read = zone => zone.Rctl(ZoneAttrNames.CpuCap) is { } cap ? [ResourceDraft.Empty.With("ncpus", ConfigUnits.Cpus(cap))] : [],
        Write = (zone, _, draft) => zone.WithRctl(ZoneAttrNames.CpuCap, ConfigUnits.Percent(draft.Required("ncpus"))),
        Remove = (zone, _) => zone.WithRctl(ZoneAttrNames.CpuCap, null),
    };

    private static ResourceType CappedMemory() => new()
    {
        Name = "capped-memory",
        Properties = [.. MemoryCaps.Select(c => new ResourceProperty(c.Property, false, Memory))],
        IsAlias = true,
        Check = draft => draft.Properties.IsEmpty ? "No property was specified.  One of physical, swap or locked is required."
            : draft["locked"] is { } locked && draft["physical"] is { } physical && ConfigUnits.Bytes(locked) > ConfigUnits.Bytes(physical)
                ? "The locked cap must be less than or equal to the physical cap." : null,
        Read = zone =>
        {
            var draft = MemoryCaps.Aggregate(ResourceDraft.Empty, (d, cap) => (zone.Rctl(cap.Rctl)
                ?? (cap.Property == "physical" ? zone.PhysicalCap : null)) is { } bytes ? d.With(cap.Property, ConfigUnits.Bytes(bytes)) : d);
            return draft.Properties.IsEmpty ? [] : [draft];
        },
        Write = (zone, _, draft) => MemoryCaps.Aggregate(zone with { PhysicalCap = null },
            (z, cap) => z.WithRctl(cap.Rctl, draft[cap.Property] is { } text ? ConfigUnits.Bytes(text) : null)),
        Remove = (zone, _) => MemoryCaps.Aggregate(zone with { PhysicalCap = null }, (z, cap) => z.WithRctl(cap.Rctl, null)),
    };

    private static ImmutableArray<ConfigValue> Items(ImmutableArray<KeyValuePair<string, string>> pairs) =>
        [.. pairs.Select(p => new ConfigValue.Complex([KeyValuePair.Create("name", p.Key), KeyValuePair.Create("value", p.Value)]))];

    private static ImmutableArray<T> Put<T>(ImmutableArray<T> all, int? place, T one) => place is { } at ? all.SetItem(at, one) : all.Add(one);

    private static string? Absolute(string path) => path.StartsWith('/') ? null : $"{path} is not an absolute path.";

    private static string? Memory(string text) =>
        ConfigUnits.Bytes(text) is null ? "A non-negative number with an optional scale suffix (K, M, G or T) was expected here." : null;

    private static string? Vlan(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id <= 4094 ? null : $"vlan-id \"{text}\" is not 0 to 4094";

    // Written as illumos does, 2:8:20:a:b:c, or in full.
    private static string? Mac(string text) =>
        MacAddress.TryParse(string.Join(':', text.Split(':').Select(part => part.PadLeft(2, '0'))), out _)
            ? null
            : $"\"{text}\" is not a MAC address";

    private static string? AttrType(string text) =>
        text is "int" or "uint" or "boolean" or "string" ? null : $"attr type \"{text}\" is not int, uint, boolean or string";

    private static string? AttrName(string text) =>
        text.Length > 0 && char.IsAsciiLetterOrDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && !text.StartsWith("zone", StringComparison.Ordinal)
            ? null
            : $"\"{text}\" cannot be the name of an attr";
}
