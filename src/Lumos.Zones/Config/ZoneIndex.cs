using System.Collections.Immutable;
using System.Text;

namespace Lumos.Zones.Config;

/// <summary>One line of the index: name:state:path:uuid.</summary>
/// <param name="State">configured, incomplete or installed.</param>
/// <param name="Path">The zone's path; empty for one that is only configured.</param>
public sealed record ZoneIndexEntry(ZoneName Name, ZoneState State, string Path, string Uuid);

/// <summary>
/// The table of zones, /etc/zones/index: one line a zone, <c>name:state:path:uuid</c>; lines that begin with '#' and lines
/// that do not parse are kept where they are. A value: reading and writing the file is <see cref="ZoneConfigStore"/>'s.
/// </summary>
public sealed record ZoneIndex
{
    private readonly ImmutableArray<Line> _lines;

    private ZoneIndex(ImmutableArray<Line> lines) => _lines = lines;

    public static ZoneIndex Empty { get; } = Parse("global:installed:/\n");

    /// <summary>The zones, in the file's order, the global zone left out.</summary>
    public IEnumerable<ZoneIndexEntry> Zones => _lines.Where(l => l.Entry is { Name.IsGlobal: false }).Select(l => l.Entry!);

    public ZoneIndexEntry? Find(ZoneName name) => Zones.FirstOrDefault(e => e.Name == name);

    public static ZoneIndex Parse(string text)
    {
        var lines = ImmutableArray.CreateBuilder<Line>();
        foreach (string raw in text.Split('\n'))
        {
            lines.Add(new Line(raw, ParseEntry(raw)));
        }
        if (lines.Count > 0 && lines[^1].Text.Length == 0)
        {
            lines.RemoveAt(lines.Count - 1); // what follows the last newline
        }
        return new ZoneIndex(lines.ToImmutable());
    }

    /// <summary>The same table with this entry in place of the zone's old one, or at the end.</summary>
    public ZoneIndex With(ZoneIndexEntry entry)
    {
        var line = new Line($"{entry.Name}:{entry.State.Word}:{entry.Path}:{entry.Uuid}", entry);
        for (int i = 0; i < _lines.Length; i++)
        {
            if (_lines[i].Entry?.Name == entry.Name)
            {
                return new ZoneIndex(_lines.SetItem(i, line));
            }
        }
        return new ZoneIndex(_lines.Add(line));
    }

    /// <summary>The same table with this entry in place of the one of another name.</summary>
    public ZoneIndex Renamed(ZoneName from, ZoneIndexEntry entry) => new(
        [.. _lines.Select(l => l.Entry?.Name == from ? new Line($"{entry.Name}:{entry.State.Word}:{entry.Path}:{entry.Uuid}", entry) : l)]);

    public ZoneIndex Without(ZoneName name) => new(_lines.RemoveAll(l => l.Entry?.Name == name));

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var line in _lines)
        {
            text.Append(line.Text).Append('\n');
        }
        return text.ToString();
    }

    private static ZoneIndexEntry? ParseEntry(string line)
    {
        if (line.StartsWith('#'))
        {
            return null;
        }
        string[] fields = line.Split(':');
        return fields.Length >= 3 && ZoneName.TryParse(fields[0], out var name) && ZoneStates.TryParse(fields[1], out var state)
            && state.IsStored
            ? new ZoneIndexEntry(name, state, fields[2], fields.Length > 3 ? fields[3] : "")
            : null;
    }

    private sealed record Line(string Text, ZoneIndexEntry? Entry);
}
