using System.Collections.Immutable;
using System.Globalization;
using Lumos.Zones.Config;

namespace Lumos.Zones.Configure;

/// <summary>A property of the configuration as a whole.</summary>
/// <param name="Get">Its value; null: not specified.</param>
/// <param name="Set">The configuration with it; null: cleared.</param>
/// <param name="Check">A sentence when the value will not do; null: any text does.</param>
public sealed record GlobalProperty(
    string Name, Func<ZoneConfig, string?> Get, Func<ZoneConfig, string?, ZoneConfig> Set, Func<string, string?>? Check = null)
{
    /// <summary>It may be cleared.</summary>
    public bool Clearable { get; init; } = true;

    /// <summary>It is another way to set a resource control: shown by info when set, and exported as that.</summary>
    public bool IsAlias { get; init; }

    /// <summary>A sentence for who sets it: it is kept and does nothing here.</summary>
    public string? Idle { get; init; }
}

/// <summary>The global properties, in the order in which they are shown. zonename and uuid are the session's.</summary>
public static class GlobalProperties
{
    public static ImmutableArray<string> Brands { get; } = ["joyent", "joyent-minimal", "builder", "lx", "kvm", "bhyve"];

    public static ImmutableArray<GlobalProperty> All { get; } =
    [
        new("zonepath", z => z.ZonePath is { Length: > 0 } path ? path : null, (z, v) => z with { ZonePath = v!.Length > 1 ? v.TrimEnd('/') : v }, ZonePath)
        {
            Clearable = false,
        },
        new("brand", z => z.Brand.Name, (z, v) => z with { Brand = new ZoneBrand(v!) }, v => Brands.Contains(v) ? null
            : $"there is no brand \"{v}\"; brands are {string.Join(", ", Brands)}") { Clearable = false },
        new("autoboot", z => z.Autoboot ? "true" : "false", (z, v) => z with { Autoboot = v == "true" },
            v => v is "true" or "false" ? null : "autoboot value must be true or false."),
        new("bootargs", z => z.BootArgs, (z, v) => z with { BootArgs = v }),
        Kept("pool", "resource pools are not part of this system; cpu-shares and capped-cpu bound a zone"),
        new("limitpriv", z => z.LimitPriv, (z, v) => z with { LimitPriv = v }),
        Kept("scheduling-class", "zones have one scheduling class here, in which cpu-shares count"),
        new("ip-type", z => z.IpType, (z, v) => z with { IpType = v ?? "exclusive" },
            v => v == "exclusive" ? null : $"ip-type \"{v}\" will not do: each zone has a network stack of its own here (exclusive)"),
        Kept("hostid", "a zone's host id is not emulated here"),
        new("fs-allowed", z => z.FsAllowed, (z, v) => z with { FsAllowed = v }),
        Alias("max-lwps"), Alias("max-processes"), Alias("max-shm-memory", bytes: true), Alias("max-shm-ids"), Alias("max-msg-ids"),
        Alias("max-sem-ids"), Alias("cpu-shares", action: "none"), Alias("zfs-io-priority", action: "none"),
    ];

    public static GlobalProperty? Find(string name) => All.FirstOrDefault(p => p.Name == name);

    /// <summary>Attributes of the zone element that are properties, though nothing reads them.</summary>
    public static bool IsKeptAttribute(string name) => name is "pool" or "scheduling-class" or "hostid";

    private static GlobalProperty Kept(string name, string why) => new(name,
        z => z.OtherAttributes.FirstOrDefault(a => a.Key == name).Value is { Length: > 0 } value ? value : null,
        (z, v) =>
        {
            var others = z.OtherAttributes.RemoveAll(a => a.Key == name);
            return z with { OtherAttributes = v is null ? others : others.Add(KeyValuePair.Create(name, v)) };
        })
    {
        Idle = $"{name} is kept and has no effect: {why}",
    };

    private static GlobalProperty Alias(string name, bool bytes = false, string action = "deny") => new(name,
        z => z.Rctl("zone." + name) is { } limit ? bytes ? ConfigUnits.Bytes(limit) : limit.ToString(CultureInfo.InvariantCulture) : null,
        (z, v) => z.WithRctl("zone." + name,
            v is null ? null : bytes ? ConfigUnits.Bytes(v) : long.Parse(v, NumberStyles.None, CultureInfo.InvariantCulture), action),
        v => bytes
            ? ConfigUnits.Bytes(v) is null ? "A non-negative number with an optional scale suffix (K, M, G or T) was expected here." : null
            : long.TryParse(v, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? null : $"{name} \"{v}\" is not a number")
    {
        IsAlias = true,
    };

    private static string? ZonePath(string path) =>
        !path.StartsWith('/') ? $"{path} is not an absolute path."
        : path.All(c => c == '/') ? "/ is not allowed as a zonepath."
        // The index parts its fields by colons and its zones by lines.
        : path.Any(c => c == ':' || char.IsControl(c)) ? $"{path} has a colon or control character in it"
        : path.Split('/').Any(part => part is "." or "..") ? $"{path} has . or .. in it"
        : null;
}
