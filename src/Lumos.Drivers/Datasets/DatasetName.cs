using System.Diagnostics.CodeAnalysis;
using Lumos.Core;

namespace Lumos.Drivers.Datasets;

/// <summary>The name of a dataset, such as <c>zones</c> or <c>zones/UUID/data</c>: checked, and never a snapshot.</summary>
public sealed record DatasetName
{
    /// <summary>The storage layer's own limit (ZFS_MAX_DATASET_NAME_LEN less the final NUL).</summary>
    public const int MaxLength = 255;

    private DatasetName(string value) => Value = value;

    public string Value { get; }

    /// <summary>The first component.</summary>
    public string Pool => Value.Split('/', 2)[0];

    /// <summary>The last component.</summary>
    public string Leaf => Value[(Value.LastIndexOf('/') + 1)..];

    /// <summary>The dataset this one lies in; null for a pool's own.</summary>
    public DatasetName? Parent => Value.LastIndexOf('/') is var slash and > 0 ? new DatasetName(Value[..slash]) : null;

    /// <summary>The dataset one level below; the name may not hold a slash.</summary>
    /// <exception cref="LumosException">InvalidDatasetName.</exception>
    public DatasetName Child(string name) =>
        name.Contains('/') ? throw Invalid($"{Value}/{name}") : Parse($"{Value}/{name}");

    /// <summary>A snapshot of this dataset.</summary>
    /// <exception cref="LumosException">InvalidDatasetName.</exception>
    public SnapshotName At(string snapshot) => SnapshotName.Parse($"{Value}@{snapshot}");

    /// <summary>True when this dataset is <paramref name="other"/> or lies somewhere below it.</summary>
    public bool IsWithin(DatasetName other) =>
        this == other || Value.StartsWith(other.Value + "/", StringComparison.Ordinal);

    /// <exception cref="LumosException">InvalidDatasetName.</exception>
    public static DatasetName Parse(string text) => TryParse(text, out var name) ? name : throw Invalid(text);

    public static bool TryParse(string? text, [NotNullWhen(true)] out DatasetName? name)
    {
        name = null;
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength)
        {
            return false;
        }
        string[] parts = text.Split('/');
        // A pool's name begins with a letter, which also keeps a name from being taken for an option.
        if (!char.IsAsciiLetter(parts[0][..Math.Min(1, parts[0].Length)].FirstOrDefault()) || !parts.All(IsComponent))
        {
            return false;
        }
        name = new DatasetName(text);
        return true;
    }

    public override string ToString() => Value;

    internal static bool IsComponent(string text) =>
        text.Length > 0 && text is not "." and not ".."
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or ' ');

    internal static LumosException Invalid(string text) =>
        new("InvalidDatasetName", $"\"{text}\" is not a valid dataset or snapshot name");
}

/// <summary>The name of a snapshot, DATASET@NAME.</summary>
public sealed record SnapshotName
{
    private SnapshotName(DatasetName dataset, string name)
    {
        Dataset = dataset;
        Name = name;
    }

    public DatasetName Dataset { get; }

    /// <summary>The part after the @.</summary>
    public string Name { get; }

    /// <exception cref="LumosException">InvalidDatasetName.</exception>
    public static SnapshotName Parse(string text) => TryParse(text, out var name) ? name : throw DatasetName.Invalid(text);

    public static bool TryParse(string? text, [NotNullWhen(true)] out SnapshotName? name)
    {
        name = null;
        int at = text?.IndexOf('@') ?? -1;
        if (at < 0 || text!.Length > DatasetName.MaxLength || !DatasetName.TryParse(text[..at], out var dataset)
            || !DatasetName.IsComponent(text[(at + 1)..]))
        {
            return false;
        }
        name = new SnapshotName(dataset, text[(at + 1)..]);
        return true;
    }

    public override string ToString() => $"{Dataset.Value}@{Name}";
}
