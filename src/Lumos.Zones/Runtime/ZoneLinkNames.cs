using System.Collections.Immutable;
using System.Globalization;
using Lumos.Core;
using Lumos.Core.Hosting;

namespace Lumos.Zones.Runtime;

/// <summary>
/// How the links of zones are named on this machine. Where the machine is ours, a nic tag's bridge bears the tag's name and
/// the global zone's end of a NIC is v3.0. On a host that we share, both bear the prefix of the hosted root and the bridge is
/// the one that hosted.json gives the tag.
/// </summary>
public sealed record ZoneLinkNames
{
    private const int LongestLink = 15;

    /// <summary>On a machine that is ours alone.</summary>
    public static ZoneLinkNames Live { get; } = new();

    /// <summary>Null: the machine is ours.</summary>
    public string? Prefix { get; private init; }

    private ImmutableDictionary<string, string> Bridges { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <param name="hosted">Null: the machine is ours.</param>
    public static ZoneLinkNames Of(HostedConfig? hosted) => hosted is null ? Live : new()
    {
        Prefix = hosted.LinkPrefix,
        Bridges = hosted.Tags.ToImmutableDictionary(t => t.Name, t => t.Bridge, StringComparer.Ordinal),
    };

    /// <summary>The global zone's end of a NIC: prefix, the zone's stable number, the NIC's place (lumos0.3.0).</summary>
    /// <exception cref="LumosException">LinkNameTooLong.</exception>
    public string HostEnd(int zoneDid, int nic)
    {
        if (Prefix is null)
        {
            return $"v{zoneDid}.{nic}";
        }
        string name = $"{Prefix}.{zoneDid}.{nic}";
        if (name.Length > LongestLink)
        {
            // An x goes before, so that no short form is another zone's long one.
            name = $"{Prefix}.x{Base36(zoneDid)}.{nic}";
        }
        return name.Length <= LongestLink ? name : throw new LumosException("LinkNameTooLong",
            $"the link of NIC {nic} of zone number {zoneDid} would be {name}, longer than {LongestLink} characters; "
            + $"choose a link_prefix shorter than {Prefix} in {HostedConfig.Path}");
    }

    /// <summary>The bridge of a nic tag; null: hosted.json has no such tag.</summary>
    public string? Bridge(string tag) => Prefix is null ? tag : Bridges.GetValueOrDefault(tag);

    private static string Base36(int number)
    {
        const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";
        string text = "";
        do
        {
            text = Digits[number % 36].ToString(CultureInfo.InvariantCulture) + text;
            number /= 36;
        }
        while (number > 0);
        return text;
    }
}
