using System.Collections.Immutable;
using System.Globalization;

namespace Lumos.Drivers.Links;

/// <summary>What is written down of a VLAN on a bridge: which cables carry it because we put it there, and which NICs are in it. Pure.</summary>
internal sealed record VlanNote(string Bridge, int Vlan, ImmutableSortedSet<string> Cables, ImmutableSortedSet<string> Nics)
{
    private const string CableWord = "cable ", NicWord = "nic ";

    public static VlanNote Empty(string bridge, int vlan) => new(bridge, vlan, NoNames, NoNames);

    /// <summary>Of its file: BRIDGE.VLAN, in which a bridge's name may have dots of its own.</summary>
    public string FileName => string.Create(CultureInfo.InvariantCulture, $"{Bridge}.{Vlan}");

    public string Text => string.Concat(Cables.Select(c => $"{CableWord}{c}\n").Concat(Nics.Select(n => $"{NicWord}{n}\n")));

    private static ImmutableSortedSet<string> NoNames => ImmutableSortedSet<string>.Empty.WithComparer(StringComparer.Ordinal);

    public static VlanNote Parse(string fileName, string text)
    {
        int dot = fileName.LastIndexOf('.');
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return new VlanNote(fileName[..dot], int.Parse(fileName.AsSpan(dot + 1), CultureInfo.InvariantCulture), Of(lines, CableWord), Of(lines, NicWord));
    }

    private static ImmutableSortedSet<string> Of(string[] lines, string word) =>
        NoNames.Union(lines.Where(line => line.StartsWith(word, StringComparison.Ordinal)).Select(line => line[word.Length..]));
}
