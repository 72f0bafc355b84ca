using System.Collections.Immutable;
using System.Text;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Create;
using Lumos.Vm.Disks;

namespace Lumos.Vm.Reprovision;

/// <summary>One step of a reprovision. From <see cref="SetAside"/> on each can be done again.</summary>
public abstract record ReprovisionStep(string Does, string? Undo)
{
    public sealed record Note(ReprovisionWish Wish) : ReprovisionStep(
        Wish.Phase == ReprovisionPhase.Preparing ? "write down that a reprovision is under way" : "write down that the roots change places", Wish.Phase == ReprovisionPhase.Preparing ? "remove the note" : null);

    public sealed record CloneRoot(SnapshotName Image, DatasetName Dataset, string Path, ImmutableSortedDictionary<string, string> Properties)
        : ReprovisionStep($"clone {Image} to {Dataset} ({string.Join(' ', Properties.Select(p => $"{p.Key}={p.Value}"))})", $"destroy {Dataset}");

    /// <summary>What create writes there, and the configuration files as they are.</summary>
    public sealed record PrepareRoot(string Path) : ReprovisionStep($"write configuration, hostname, hosts, resolv.conf, first boot marker in {Path}", null);

    /// <summary>Of a hardware VM: the disk that boots, made anew.</summary>
    public sealed record MakeDisk(VolumeStep Volume) : ReprovisionStep(Volume.Does, Volume is VolumeStep.CloneImage ? $"destroy {Volume.Dataset}" : null);

    /// <summary>Of a hardware VM: a disk goes to another name; the machine is down.</summary>
    public sealed record RenameDisk(DatasetName From, DatasetName To) : ReprovisionStep($"rename {From} to {To}", null);

    public sealed record SaveDisk(string Image, long ImageSize, bool Boots) : ReprovisionStep($"save image_uuid={Image} of the disk that boots{(Boots ? ", autoboot" : "")}", null);

    public sealed record Stop() : ReprovisionStep("stop the zone", "boot it again, if it ran");

    /// <summary>Cores are about what ran before; with the root they would be lost.</summary>
    public sealed record KeepCores(string From, string To) : ReprovisionStep($"copy {From}/cores to {To}", null);

    /// <summary>A docker VM's volumes lie beside its root, and outlive it.</summary>
    public sealed record KeepVolumes(string From, string To) : ReprovisionStep($"copy {From}/volumes to {To}", null);

    /// <summary>From the first of these on it is finished, not undone.</summary>
    public sealed record SetAside(DatasetName From, DatasetName To) : ReprovisionStep($"unmount {From}, rename it to {To}", null);

    public sealed record PutInPlace(DatasetName From, DatasetName To, bool Renames)
        : ReprovisionStep(Renames ? $"rename {From} to {To}, mount it" : $"mount {To}", null);

    /// <summary>What lies below the VM's dataset (delegated data) goes over with its snapshots.</summary>
    public sealed record Move(DatasetName From, DatasetName To) : ReprovisionStep($"rename {From} to {To}", null);

    public sealed record SaveConfiguration(string Image, bool Boots) : ReprovisionStep($"save image_uuid={Image}{(Boots ? ", the wait for a first boot, autoboot" : "")}", null);

    public sealed record DestroyOld(DatasetName Dataset) : ReprovisionStep($"destroy {Dataset}", null);

    /// <summary>A VM's snapshot is of all its datasets at one instant; what is left of it without its root is none.</summary>
    public sealed record DestroySnapshot(SnapshotName Snapshot) : ReprovisionStep($"destroy {Snapshot}", null);

    public sealed record Boot() : ReprovisionStep("boot", null);

    public sealed record Forget() : ReprovisionStep("remove the note", null);
}

/// <summary>What is there of a VM that is being reprovisioned.</summary>
/// <param name="OldIsAside">The old root has another name already.</param>
/// <param name="NewIsAside">The new root has not its own name yet.</param>
/// <param name="Below">What lies right below the old root.</param>
/// <param name="Snapshots">Snapshots of the VM on what lies, or lay, below the old root, by the names they will have.</param>
public sealed record ReprovisionFacts(
    bool OldIsAside, bool NewIsAside, ImmutableArray<DatasetName> Below, ImmutableArray<SnapshotName> Snapshots);

/// <summary>The steps of a reprovision, in order: all that can fail for want of something is done while the old root is in its place.</summary>
public sealed record ReprovisionPlan(ImmutableArray<ReprovisionStep> Steps)
{
    /// <summary>Plans a whole one.</summary>
    /// <param name="vm">As it is.</param>
    /// <param name="wish">What is wanted, in phase preparing.</param>
    /// <param name="image">The image's snapshot.</param>
    /// <param name="below">What lies right below the VM's dataset.</param>
    /// <param name="snapshots">Snapshots of the VM on that.</param>
    public static ReprovisionPlan For(
        VmSpec vm, ReprovisionWish wish, SnapshotName image, IEnumerable<DatasetName> below, IEnumerable<SnapshotName> snapshots)
    {
        var places = ReprovisionPlaces.Of(vm);
        var properties = CreatePlan.DatasetProperties(vm).SetItem("mountpoint", places.NewPath).SetItem("canmount", "noauto");
        var switching = wish with { Phase = ReprovisionPhase.Switching };
        return new ReprovisionPlan(
        [
            new ReprovisionStep.Note(wish),
            new ReprovisionStep.CloneRoot(image, places.New, places.NewPath, properties),
            new ReprovisionStep.PrepareRoot(places.NewPath),
            new ReprovisionStep.Stop(),
            new ReprovisionStep.KeepCores(places.ZonePath, places.NewPath),
            .. vm.IsDocker ? [new ReprovisionStep.KeepVolumes(places.ZonePath, places.NewPath)] : Array.Empty<ReprovisionStep>(),
            new ReprovisionStep.Note(switching),
            .. Rest(vm, switching, new ReprovisionFacts(false, true, [.. below], [.. snapshots])).Steps,
        ]);
    }

    /// <summary>What is left to do of one that has come to phase switching.</summary>
    public static ReprovisionPlan Rest(VmSpec vm, ReprovisionWish wish, ReprovisionFacts there)
    {
        var places = ReprovisionPlaces.Of(vm);
        var steps = ImmutableArray.CreateBuilder<ReprovisionStep>();
        bool setsAside = !there.OldIsAside && there.NewIsAside;
        if (setsAside)
        {
            steps.Add(new ReprovisionStep.SetAside(places.Root, places.Old));
        }
        steps.Add(new ReprovisionStep.PutInPlace(places.New, places.Root, there.NewIsAside));
        if (setsAside || there.OldIsAside)
        {
            steps.AddRange(there.Below.Select(below => new ReprovisionStep.Move(places.Old.Child(below.Leaf), places.Root.Child(below.Leaf))));
        }
        steps.Add(new ReprovisionStep.SaveConfiguration(wish.Image, wish.Boots));
        if (setsAside || there.OldIsAside)
        {
            steps.Add(new ReprovisionStep.DestroyOld(places.Old));
        }
        steps.AddRange(there.Snapshots.Select(snapshot => new ReprovisionStep.DestroySnapshot(snapshot)));
        if (wish.Boots)
        {
            steps.Add(new ReprovisionStep.Boot());
        }
        steps.Add(new ReprovisionStep.Forget());
        return new ReprovisionPlan(steps.ToImmutable());
    }

    /// <summary>Plans a whole one of a hardware VM: its disk that boots changes places as a root does.</summary>
    /// <param name="disk">The one that boots.</param>
    /// <param name="making">What makes its successor, at the name that a new root would have.</param>
    /// <param name="snapshots">The VM's, of all its datasets but that disk.</param>
    internal static ReprovisionPlan ForMachine(VmSpec vm, ReprovisionWish wish, BootDisk disk, IEnumerable<VolumeStep> making, IEnumerable<SnapshotName> snapshots)
    {
        var switching = wish with { Phase = ReprovisionPhase.Switching };
        return new ReprovisionPlan(
        [
            new ReprovisionStep.Note(wish),
            .. making.Select(step => new ReprovisionStep.MakeDisk(step)),
            new ReprovisionStep.Stop(),
            new ReprovisionStep.Note(switching),
            .. RestOfMachine(vm, switching, disk, new ReprovisionFacts(false, true, [], [.. snapshots])).Steps,
        ]);
    }

    /// <summary>The same from phase switching on.</summary>
    internal static ReprovisionPlan RestOfMachine(VmSpec vm, ReprovisionWish wish, BootDisk disk, ReprovisionFacts there)
    {
        var places = ReprovisionPlaces.Of(vm);
        bool setsAside = !there.OldIsAside && there.NewIsAside;
        return new ReprovisionPlan(
        [
            .. setsAside ? [new ReprovisionStep.RenameDisk(disk.Dataset, places.Old)] : Array.Empty<ReprovisionStep>(),
            .. there.NewIsAside ? [new ReprovisionStep.RenameDisk(places.New, disk.Dataset)] : Array.Empty<ReprovisionStep>(),
            new ReprovisionStep.SaveDisk(wish.Image, wish.ImageSize, wish.Boots),
            .. setsAside || there.OldIsAside ? [new ReprovisionStep.DestroyOld(places.Old)] : Array.Empty<ReprovisionStep>(),
            .. there.Snapshots.Select(snapshot => new ReprovisionStep.DestroySnapshot(snapshot)),
            .. wish.Boots ? [new ReprovisionStep.Boot()] : Array.Empty<ReprovisionStep>(),
            new ReprovisionStep.Forget(),
        ]);
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
