using System.Collections.Immutable;
using Lumos.Drivers.Datasets;

namespace Lumos.Vm.Send;

/// <summary>A VM whose snapshot is taken, ready to be written.</summary>
/// <param name="Root">Its own dataset.</param>
/// <param name="Header">What the receiver is told first.</param>
/// <param name="Steps">The header's streams, as they are asked of the storage.</param>
/// <param name="Keeps">Snapshots that the receiver may yet need as a base.</param>
public sealed record OutgoingVm(DatasetName Root, StreamHeader Header, ImmutableArray<SendStep> Steps, ImmutableArray<string> Keeps)
{
    public SnapshotName Snapshot(SendStep step) => At(Root, step.Item.Path).At(step.Item.Snapshot.Name);

    public SendOptions Options(SendStep step, IDatasets datasets) => new()
    {
        Resume = step.Resume,
        From = step.FromName is { } name ? At(Root, step.Item.Path).At(name)
            : step.Item.Basis == StreamBasis.Origin
                ? SnapshotName.Parse(datasets.GetProperties(At(Root, step.Item.Path), "origin")["origin"]!)
            : null,
        // Those of the VM's own dataset follow from its configuration; of what was delegated only the dataset knows.
        Properties = step.Item.Path.Length > 0 && step.FromName is null,
    };

    /// <summary>A dataset of the VM by its path below the VM's own.</summary>
    public static DatasetName At(DatasetName root, string path) => path.Length == 0 ? root : DatasetName.Parse($"{root}/{path}");

    public static string PathOf(DatasetName root, DatasetName name) => name == root ? "" : name.Value[(root.Value.Length + 1)..];
}
