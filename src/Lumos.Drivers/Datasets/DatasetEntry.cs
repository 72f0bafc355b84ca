namespace Lumos.Drivers.Datasets;

/// <summary>What kinds of dataset there are; combined to say which to list.</summary>
[Flags]
public enum DatasetKinds
{
    None = 0,
    FileSystem = 1,
    Volume = 2,
    Snapshot = 4,
    Live = FileSystem | Volume,
    All = FileSystem | Volume | Snapshot,
}

/// <summary>One line of a listing, with the properties that were asked for.</summary>
public sealed record DatasetEntry
{
    /// <summary>The file system or volume; of a snapshot, the one it was taken of.</summary>
    public required DatasetName Dataset { get; init; }

    /// <summary>Null unless this is a snapshot.</summary>
    public SnapshotName? Snapshot { get; init; }

    public required DatasetKinds Kind { get; init; }

    /// <summary>
    /// The value of each property asked for, sizes in bytes; null where it is unset or does not apply.
    /// </summary>
    public required IReadOnlyDictionary<string, string?> Properties { get; init; }

    /// <summary>The full name, with @SNAPSHOT where it is one.</summary>
    public string Name => Snapshot?.ToString() ?? Dataset.Value;

    /// <summary>A property that was asked for; null where it is unset or does not apply.</summary>
    /// <exception cref="KeyNotFoundException">The listing did not ask for it.</exception>
    public string? this[string property] => Properties[property];

    /// <summary>A property that is a number (bytes, or a count); null where it is unset or does not apply.</summary>
    public long? Number(string property) => this[property] is { } text
        ? long.Parse(text, System.Globalization.CultureInfo.InvariantCulture)
        : null;
}
