using Lumos.Core;

namespace Lumos.Drivers.Datasets;

/// <summary>
/// What <c>zfs list -H -p</c> prints. A user property may hold tabs and newlines, and a tenant may set one on a dataset
/// that is delegated to him; so that he cannot forge lines, the name is asked for as the first and the last column: a
/// value with a newline in it then makes a line with a wrong count, with ends that differ, or a name listed twice.
/// </summary>
internal static class ZfsListing
{
    public static string Columns(IReadOnlyList<string> properties) => string.Join(',', ["name", "type", .. properties, "name"]);

    public static string Kinds(DatasetKinds kinds)
    {
        var words = new List<string>();
        if (kinds.HasFlag(DatasetKinds.FileSystem))
        {
            words.Add("filesystem");
        }
        if (kinds.HasFlag(DatasetKinds.Volume))
        {
            words.Add("volume");
        }
        if (kinds.HasFlag(DatasetKinds.Snapshot))
        {
            words.Add("snapshot");
        }
        return string.Join(',', words);
    }

    /// <exception cref="LumosException">DatasetListingInvalid.</exception>
    public static IReadOnlyList<DatasetEntry> Parse(string output, IReadOnlyList<string> properties)
    {
        var entries = new List<DatasetEntry>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] cells = line.Split('\t');
            if (cells.Length != properties.Count + 3 || cells[0] != cells[^1] || !seen.Add(cells[0]))
            {
                throw Invalid(line);
            }
            var kind = cells[1] switch
            {
                "filesystem" => DatasetKinds.FileSystem,
                "volume" => DatasetKinds.Volume,
                "snapshot" => DatasetKinds.Snapshot,
                _ => throw Invalid(line),
            };
            SnapshotName? snapshot = null;
            if (kind == DatasetKinds.Snapshot && !SnapshotName.TryParse(cells[0], out snapshot))
            {
                throw Invalid(line);
            }
            var dataset = snapshot?.Dataset;
            if (dataset is null && !DatasetName.TryParse(cells[0], out dataset))
            {
                throw Invalid(line);
            }
            var values = new Dictionary<string, string?>(StringComparer.Ordinal);
            for (int i = 0; i < properties.Count; i++)
            {
                values[properties[i]] = cells[i + 2] is "-" or "" ? null : cells[i + 2];
            }
            entries.Add(new DatasetEntry { Dataset = dataset, Snapshot = snapshot, Kind = kind, Properties = values });
        }
        return entries;
    }

    private static LumosException Invalid(string line) =>
        new("DatasetListingInvalid", $"zfs list printed a line that cannot be understood: \"{line}\"");
}
