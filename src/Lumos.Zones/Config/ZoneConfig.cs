using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Lumos.Zones.Config;

/// <summary>
/// A zone's configuration: what /etc/zones/UUID.xml holds, in the words of SmartOS's zonecfg. It is a plain record of the
/// file; what the words mean is for their readers. Elements and attributes we do not know are kept as they came.
/// </summary>
public sealed record ZoneConfig
{
    public required ZoneName Name { get; init; }

    public required string ZonePath { get; init; }

    public required ZoneBrand Brand { get; init; }

    public bool Autoboot { get; init; }

    public string IpType { get; init; } = "exclusive";

    /// <summary>The zone's stable number on this machine (SmartOS's debugid); null until one is allotted.</summary>
    public int? ZoneDid { get; init; }

    public string? LimitPriv { get; init; }

    public string? BootArgs { get; init; }

    public string? FsAllowed { get; init; }

    /// <summary>Attributes of the zone element that we do not know, in their order.</summary>
    public ImmutableArray<KeyValuePair<string, string>> OtherAttributes { get; init; } = [];

    public ImmutableArray<ZoneAttr> Attrs { get; init; } = [];

    public ImmutableArray<ZoneRctl> Rctls { get; init; } = [];

    public ImmutableArray<ZoneNetwork> Networks { get; init; } = [];

    public ImmutableArray<ZoneDevice> Devices { get; init; } = [];

    public ImmutableArray<ZoneFileSystem> FileSystems { get; init; } = [];

    /// <summary>Names of delegated datasets.</summary>
    public ImmutableArray<string> Datasets { get; init; } = [];

    /// <summary>mcap's physcap in bytes (older zones; newer ones have the rctl).</summary>
    public long? PhysicalCap { get; init; }

    /// <summary>Elements we do not know, each as its own text.</summary>
    public ImmutableArray<string> OtherElements { get; init; } = [];

    /// <summary>What else stands at a delegated dataset or at mcap, by the dataset's name (mcap: "").</summary>
    public ImmutableSortedDictionary<string, ZoneExtras> ElementExtras { get; init; } = ImmutableSortedDictionary<string, ZoneExtras>.Empty;

    /// <summary>The value of an attr, as stored; null: there is none.</summary>
    public string? Attr(string name) => Attrs.FirstOrDefault(a => a.Name == name)?.Value;

    /// <summary>It runs one program, as a container of docker does.</summary>
    public bool IsDocker => Brand.IsLx && Attr(ZoneAttrNames.Docker) is ("true" or "1");

    /// <summary>The value of an attr that is stored as base64 (alias and a few others); null: there is none, or it is damaged.</summary>
    public string? Base64Attr(string name)
    {
        if (Attr(name) is not { } stored)
        {
            return null;
        }
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(stored));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The same configuration with this attr set (null: taken away), in its old place when it had one.</summary>
    public ZoneConfig WithAttr(string name, string? value, string type = "string")
    {
        int at = -1;
        for (int i = 0; i < Attrs.Length; i++)
        {
            if (Attrs[i].Name == name)
            {
                at = i;
            }
        }
        if (value is null)
        {
            return at < 0 ? this : this with { Attrs = Attrs.RemoveAt(at) };
        }
        var attr = at < 0 ? new ZoneAttr(name, type, value) : Attrs[at] with { Type = type, Value = value };
        return this with { Attrs = at < 0 ? Attrs.Add(attr) : Attrs.SetItem(at, attr) };
    }

    /// <summary>The same configuration with this attr set to a text stored as base64; null: taken away.</summary>
    public ZoneConfig WithBase64Attr(string name, string? text) =>
        WithAttr(name, text is null ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes(text)));

    /// <summary>The privileged limit of a resource control, such as zone.cpu-cap; null: there is none.</summary>
    public long? Rctl(string name)
    {
        var value = Rctls.FirstOrDefault(r => r.Name == name)?.Values.FirstOrDefault(v => v.Privilege == "privileged");
        return value is not null && long.TryParse(value.Limit, NumberStyles.None, CultureInfo.InvariantCulture, out long limit)
            ? limit
            : null;
    }

    /// <summary>The same configuration with a resource control set to one privileged limit; null: taken away.</summary>
    public ZoneConfig WithRctl(string name, long? limit, string action = "deny")
    {
        int at = -1;
        for (int i = 0; i < Rctls.Length; i++)
        {
            if (Rctls[i].Name == name)
            {
                at = i;
            }
        }
        if (limit is null)
        {
            return at < 0 ? this : this with { Rctls = Rctls.RemoveAt(at) };
        }
        var value = new ZoneRctlValue("privileged", limit.Value.ToString(CultureInfo.InvariantCulture), action);
        var rctl = at < 0 ? new ZoneRctl(name, [value]) : Rctls[at] with { Values = [value] };
        return this with { Rctls = at < 0 ? Rctls.Add(rctl) : Rctls.SetItem(at, rctl) };
    }
}

/// <summary>What an element holds that we do not know: attributes and elements, as they came.</summary>
public sealed record ZoneExtras(ImmutableArray<KeyValuePair<string, string>> Attributes, ImmutableArray<string> Elements)
{
    public static ZoneExtras None { get; } = new([], []);

    public bool IsEmpty => Attributes.IsEmpty && Elements.IsEmpty;
}

/// <summary>A free attribute: <c>&lt;attr name type value/&gt;</c>.</summary>
public sealed record ZoneAttr(string Name, string Type, string Value)
{
    public ZoneExtras Extras { get; init; } = ZoneExtras.None;
}

/// <summary>A resource control and its limits.</summary>
public sealed record ZoneRctl(string Name, ImmutableArray<ZoneRctlValue> Values)
{
    public ZoneExtras Extras { get; init; } = ZoneExtras.None;
}

/// <summary>One limit of a resource control; the limit is kept as text since illumos's go beyond 63 bits.</summary>
public sealed record ZoneRctlValue(string Privilege, string Limit, string Action);

/// <summary>A network card.</summary>
public sealed record ZoneNetwork
{
    /// <summary>The name inside the zone.</summary>
    public required string Physical { get; init; }

    public string? MacAddr { get; init; }

    public string? VlanId { get; init; }

    /// <summary>The nic tag.</summary>
    public string? GlobalNic { get; init; }

    /// <summary>address, allowed-address, defrouter and what we do not know.</summary>
    public ImmutableArray<KeyValuePair<string, string>> OtherAttributes { get; init; } = [];

    /// <summary>Elements we do not know, each as its own text.</summary>
    public ImmutableArray<string> OtherElements { get; init; } = [];

    /// <summary>ip, ips, gateways, primary and so on, in their order.</summary>
    public ImmutableArray<KeyValuePair<string, string>> NetAttrs { get; init; } = [];

    public string? NetAttr(string name)
    {
        foreach (var pair in NetAttrs)
        {
            if (pair.Key == name)
            {
                return pair.Value;
            }
        }
        return null;
    }
}

/// <summary>A disk or device.</summary>
public sealed record ZoneDevice(string Match, ImmutableArray<KeyValuePair<string, string>> NetAttrs)
{
    public ZoneExtras Extras { get; init; } = ZoneExtras.None;
}

/// <summary>A path of the global zone shown in the zone.</summary>
public sealed record ZoneFileSystem
{
    /// <summary>What is mounted: a path of the global zone.</summary>
    public required string Special { get; init; }

    /// <summary>Where: an absolute path in the zone.</summary>
    public required string Directory { get; init; }

    public required string Type { get; init; }

    public string? Raw { get; init; }

    public ImmutableArray<string> Options { get; init; } = [];

    public ZoneExtras Extras { get; init; } = ZoneExtras.None;
}
