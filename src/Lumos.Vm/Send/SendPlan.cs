using System.Collections.Immutable;
using Lumos.Core;

namespace Lumos.Vm.Send;

/// <summary>A dataset of the VM as it is here, with its snapshots up to the one that is sent, oldest first.</summary>
/// <param name="Path">"" for the VM's own, else relative to it.</param>
/// <param name="OriginPath">The dataset of the VM that it is a clone of; null: of none, or of the image.</param>
/// <param name="OriginGuid">Of the snapshot that it is a clone of, where a stream may begin there; null: it may not.</param>
public sealed record SourceDataset(string Path, ImmutableArray<SnapshotId> Snapshots, string? OriginPath = null, string? OriginGuid = null);

/// <summary>
/// Which streams bring a receiver from what it has to what is here. A function of the two; no look at anything.
/// A dataset comes after the one it lies in and after the one it is a clone of. What the receiver has and no snapshot here knows is of no
/// use: such a dataset is sent anew, and with it all that lies below, since the receiver takes it away first.
/// </summary>
public sealed record SendPlan(ImmutableArray<SentDataset> Datasets, ImmutableArray<SendStep> Steps)
{
    /// <exception cref="LumosException">DatasetsEntangled.</exception>
    public static SendPlan For(IReadOnlyList<SourceDataset> source, ReceiverHoldings? holdings)
    {
        var ordered = Ordered(source);
        var steps = ImmutableArray.CreateBuilder<SendStep>();
        var anew = new List<string>();
        foreach (var dataset in ordered)
        {
            var held = anew.Any(a => IsBelow(dataset.Path, a)) ? null : holdings?.Of(dataset.Path);
            int last = held is null ? -1 : LastCommon(dataset.Snapshots, held.Guids);
            if (last < 0 && held is { Guids.Length: > 0 })
            {
                anew.Add(dataset.Path);
            }
            for (int i = last + 1; i < dataset.Snapshots.Length; i++)
            {
                var snapshot = dataset.Snapshots[i];
                bool resumes = i == last + 1 && held?.Resume is not null && holdings!.At == snapshot.Guid;
                var basis = i > 0 ? StreamBasis.Onto : dataset.OriginGuid is not null ? StreamBasis.Origin : StreamBasis.Whole;
                string? from = i > 0 ? dataset.Snapshots[i - 1].Guid : dataset.OriginGuid;
                steps.Add(new SendStep(
                    new StreamItem(dataset.Path, snapshot, basis, from, resumes), i > 0 ? dataset.Snapshots[i - 1].Name : null, resumes ? held!.Resume : null));
            }
        }
        return new SendPlan([.. ordered.Select(d => new SentDataset(d.Path, d.Snapshots))], steps.ToImmutable());
    }

    private static int LastCommon(ImmutableArray<SnapshotId> here, ImmutableArray<string> there)
    {
        for (int i = here.Length - 1; i >= 0; i--)
        {
            if (there.Contains(here[i].Guid))
            {
                return i;
            }
        }
        return -1;
    }

    private static List<SourceDataset> Ordered(IReadOnlyList<SourceDataset> source)
    {
        var left = source.OrderBy(d => d.Path, StringComparer.Ordinal).ToList();
        var done = new List<SourceDataset>();
        while (left.Count > 0)
        {
            var next = left.Find(d => !left.Exists(o => o != d && (IsBelow(d.Path, o.Path) || o.Path == d.OriginPath)))
                ?? throw new LumosException("DatasetsEntangled", "datasets of the VM cannot be sent: "
                    + $"{string.Join(", ", left.Select(d => d.Path))} lie in one another and are clones of one another; \"zfs promote\" the clones first");
            left.Remove(next);
            done.Add(next);
        }
        return done;
    }

    private static bool IsBelow(string path, string above) =>
        path != above && (above.Length == 0 || path.StartsWith(above + "/", StringComparison.Ordinal));
}

/// <summary>One stream, and how it is asked of the storage.</summary>
/// <param name="Item">As the header tells it.</param>
/// <param name="FromName">The snapshot of the same dataset that it is based on; null: it is the dataset's first.</param>
/// <param name="Resume">The receiver's storage's word; null: it is sent from its beginning.</param>
public sealed record SendStep(StreamItem Item, string? FromName, string? Resume);
