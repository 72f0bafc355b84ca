using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Images.Model;

namespace Lumos.Images.Store;

/// <summary>An image on this machine, ready to be cloned.</summary>
/// <param name="Uuid">Its identity and the name of its dataset.</param>
/// <param name="Pool">The pool it lies on.</param>
/// <param name="Manifest">Null: nothing in the database says what it is (a dataset that somebody received by hand).</param>
/// <param name="Source">Where it was imported from; null: unknown, or a file.</param>
public sealed record InstalledImage(Uuid Uuid, string Pool, ImageManifest? Manifest, string? Source)
{
    /// <summary>The snapshot that VMs are cloned from is always called this.</summary>
    public const string SnapshotLeaf = "final";

    /// <summary>POOL/UUID.</summary>
    public DatasetName DatasetName => Drivers.Datasets.DatasetName.Parse(Pool).Child(Uuid.ToString());

    /// <summary>POOL/UUID@final: clone this.</summary>
    public SnapshotName FinalSnapshot => DatasetName.At(SnapshotLeaf);

    /// <summary>A volume rather than a file system.</summary>
    public bool IsVolume { get; init; }
}
