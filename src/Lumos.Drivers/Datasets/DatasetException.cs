using Lumos.Core;

namespace Lumos.Drivers.Datasets;

/// <summary>
/// An operation on a dataset failed. The code says how: DatasetNotFound, DatasetExists, DatasetHasClones,
/// DatasetHasChildren, StreamInvalid, or DatasetFailed for everything else (no space, busy, I/O), with the tool's own
/// words as the cause.
/// </summary>
public sealed class DatasetException(string code, string name, string message, Exception? inner = null)
    : LumosException(code, message, inner: inner)
{
    public const string NotFoundCode = "DatasetNotFound", ExistsCode = "DatasetExists", HasClonesCode = "DatasetHasClones",
        HasChildrenCode = "DatasetHasChildren", StreamCode = "StreamInvalid", FailedCode = "DatasetFailed";

    /// <summary>The dataset or snapshot the operation was about.</summary>
    public string DatasetName { get; } = name;

    public static DatasetException NotFound(string name) =>
        new(NotFoundCode, name, $"dataset {name} does not exist");

    public static DatasetException Exists(string name) =>
        new(ExistsCode, name, $"dataset {name} already exists");

    public static DatasetException HasClones(string name, IEnumerable<string> clones) =>
        new(HasClonesCode, name, $"dataset {name} has clones: {string.Join(", ", clones)}");

    public static DatasetException HasChildren(string name) =>
        new(HasChildrenCode, name, $"dataset {name} has children or snapshots");

    public static DatasetException Stream(string name, string why, Exception? inner = null) =>
        new(StreamCode, name, $"the stream for {name} {why}", inner);

    public static DatasetException Failed(string name, string what, Exception inner) =>
        new(FailedCode, name, $"cannot {what} {name}", inner);
}
