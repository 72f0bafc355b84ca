using System.Collections.Immutable;
using System.Globalization;
using Lumos.Zones.Config;

namespace Lumos.Zones.Tests.Configure;

/// <summary>Configurations of any content that zonecfg's language can say.</summary>
internal static class RandomZones
{
    private const string Alphabet = "abz09 ,;=()[]\"#-_./:\\<&>'é";

    internal static ZoneConfig Make(Random random)
    {
        string Text(int least) => new([.. Enumerable.Range(0, random.Next(least, 12)).Select(_ => Alphabet[random.Next(Alphabet.Length)])]);
        string? Maybe(string text) => random.Next(2) == 0 ? text : null;
        ImmutableArray<T> Some<T>(Func<int, T> make) => [.. Enumerable.Range(0, random.Next(4)).Select(make)];
        ImmutableArray<KeyValuePair<string, string>> Pairs() => Some(n => KeyValuePair.Create($"p{n}", Text(0)));
        string Number() => random.NextInt64(long.MaxValue).ToString(CultureInfo.InvariantCulture);

        return new ZoneConfig
        {
            Name = ZoneName.Parse("zone" + random.Next(1000)),
            ZonePath = "/zones/" + (Text(0).Replace('.', 'x').Replace(':', 'x') + "z"),
            Brand = new ZoneBrand(Lumos.Zones.Configure.GlobalProperties.Brands[random.Next(6)]),
            Autoboot = random.Next(2) == 0,
            BootArgs = Maybe(Text(1)),
            LimitPriv = Maybe(Text(1)),
            FsAllowed = Maybe(Text(1)),
            OtherAttributes = random.Next(2) == 0 ? [] : [KeyValuePair.Create("pool", Text(1)), KeyValuePair.Create("scheduling-class", Text(1)), KeyValuePair.Create("hostid", "a0b1")],
            FileSystems = Some(n => new ZoneFileSystem
            {
                Directory = $"/d{n}" + Text(0), Special = Text(1), Type = Text(1), Raw = Maybe(Text(1)), Options = Some(m => m + Text(0)),
            }),
            Networks = Some(n => new ZoneNetwork
            {
                Physical = $"net{n}",
                MacAddr = Maybe("2:8:20:a:b:" + n),
                VlanId = Maybe(random.Next(4095).ToString(CultureInfo.InvariantCulture)),
                GlobalNic = Maybe(Text(1)),
                OtherAttributes = random.Next(2) == 0 ? [] : [KeyValuePair.Create("address", Text(1)), KeyValuePair.Create("defrouter", Text(1))],
                NetAttrs = Pairs(),
            }),
            Devices = Some(n => new ZoneDevice($"/dev/{n}" + Text(0), Pairs())),
            Rctls = Some(n => new ZoneRctl($"zone.r{n}",
                [new ZoneRctlValue("privileged", Number(), "deny"), .. Some(m => new ZoneRctlValue("basic" + m, Number(), Text(1)))])),
            Attrs = Some(n => new ZoneAttr($"attr-{n}", "string", Text(0))),
            Datasets = Some(n => $"zones/{n}" + Text(0)),
        };
    }
}
