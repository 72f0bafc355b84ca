using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Lifecycle;
using Lumos.Zones.Checkpoints;

namespace Lumos.Vm.Snapshots;

/// <summary>What a rollback is to do, as it is written down before it begins.</summary>
/// <param name="Label">The snapshot.</param>
/// <param name="Boots">Start the VM when done.</param>
/// <param name="KeepsConfiguration">Only files go back.</param>
public sealed record RollbackWish(SnapshotLabel Label, bool Boots, bool KeepsConfiguration)
{
    public const string Verb = "rollback";

    public UnfinishedWork ToNote() => new(Verb, new JsonObject
    {
        ["snapshot"] = Label.Text,
        ["boots"] = Boots,
        ["keeps_configuration"] = KeepsConfiguration,
    });

    public static RollbackWish Of(UnfinishedWork work) => new(
        SnapshotLabel.Parse(JsonText.Plain(work.Facts["snapshot"])),
        work.Facts["boots"]?.GetValue<bool>() ?? false,
        work.Facts["keeps_configuration"]?.GetValue<bool>() ?? true);
}

/// <summary>One step of a rollback. Each can be done again.</summary>
public abstract record RollbackStep(string Does, string? Undo)
{
    public sealed record Note(RollbackWish Wish) : RollbackStep("write down that a rollback is under way", "remove the note");

    public sealed record Halt() : RollbackStep("halt the zone", "boot it again, if it ran");

    /// <summary>From the first of these on it is finished, not undone.</summary>
    public sealed record Return(SnapshotName Snapshot) : RollbackStep($"roll back to {Snapshot}, destroying later snapshots", null);

    /// <summary>A dataset that was made after the snapshot.</summary>
    public sealed record Destroy(DatasetName Dataset) : RollbackStep($"destroy {Dataset}, which was made later", null);

    public sealed record RestoreConfiguration(bool Starts) : RollbackStep($"put back the configuration of the snapshot{(Starts ? ", with autoboot" : "")}", null);

    public sealed record SetAutoboot() : RollbackStep("set autoboot", null);

    public sealed record Boot() : RollbackStep("boot", null);

    public sealed record Forget() : RollbackStep("remove the note", null);
}

/// <summary>The steps of a rollback, in order: the VM's own dataset first, so that what is refused is refused before anything changed.</summary>
public sealed record RollbackPlan(ImmutableArray<RollbackStep> Steps, ImmutableArray<DatasetName> LeftAsTheyAre)
{
    /// <summary>The VM's snapshots that are later than the one wanted, and go.</summary>
    public ImmutableArray<SnapshotLabel> Lost { get; init; } = [];

    /// <param name="wish">What is wanted.</param>
    /// <param name="live">The VM's dataset and all below it, parents first, with createtxg.</param>
    /// <param name="snapshots">All their snapshots, with createtxg.</param>
    public static RollbackPlan For(RollbackWish wish, IReadOnlyList<DatasetEntry> live, IReadOnlyList<DatasetEntry> snapshots)
    {
        var steps = ImmutableArray.CreateBuilder<RollbackStep>();
        var left = ImmutableArray.CreateBuilder<DatasetName>();
        steps.Add(new RollbackStep.Note(wish));
        steps.Add(new RollbackStep.Halt());
        var taken = snapshots.Where(s => s.Snapshot == wish.Label.Of(s.Dataset)).ToDictionary(s => s.Dataset);
        long instant = taken[live[0].Dataset].Number("createtxg") ?? 0;
        var destroyed = new List<DatasetName>();
        foreach (var entry in live)
        {
            if (destroyed.Any(d => entry.Dataset.IsWithin(d)))
            {
                continue; // goes with the one above it
            }
            if (taken.TryGetValue(entry.Dataset, out var snapshot))
            {
                steps.Add(new RollbackStep.Return(snapshot.Snapshot!));
            }
            else if (entry.Number("createtxg") > instant)
            {
                steps.Add(new RollbackStep.Destroy(entry.Dataset));
                destroyed.Add(entry.Dataset);
            }
            else
            {
                left.Add(entry.Dataset);
            }
        }
        if (!wish.KeepsConfiguration)
        {
            steps.Add(new RollbackStep.RestoreConfiguration(wish.Boots));
        }
        else if (wish.Boots)
        {
            steps.Add(new RollbackStep.SetAutoboot());
        }
        if (wish.Boots)
        {
            steps.Add(new RollbackStep.Boot());
        }
        steps.Add(new RollbackStep.Forget());
        var ofVm = snapshots.Where(s => s.Dataset == live[0].Dataset).Select(s => s.Snapshot!);
        return new RollbackPlan(steps.ToImmutable(), left.ToImmutable())
        {
            // Listed oldest first.
            Lost = [.. ofVm.SkipWhile(s => s != wish.Label.Of(s.Dataset)).Skip(1).Select(s => SnapshotLabel.TryOf(s, out var label) ? label : null).OfType<SnapshotLabel>()],
        };
    }

    /// <summary>One line a step.</summary>
    public string Render()
    {
        var text = new StringBuilder();
        for (int i = 0; i < Steps.Length; i++)
        {
            text.Append(i + 1).Append(". ").Append(Steps[i].Does).Append(Steps[i].Undo is { } undo ? $"  [undo: {undo}]" : "").Append('\n');
        }
        return text.ToString();
    }
}
