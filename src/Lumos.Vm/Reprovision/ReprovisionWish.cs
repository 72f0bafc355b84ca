using System.Text.Json.Nodes;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Lifecycle;

namespace Lumos.Vm.Reprovision;

/// <summary>How far a reprovision has come; it says which way one that was cut short goes.</summary>
public enum ReprovisionPhase
{
    /// <summary>The new root is being made beside the old one: it is taken back.</summary>
    Preparing,

    /// <summary>The new root is whole and the zone is down: it is finished.</summary>
    Switching,
}

/// <summary>What a reprovision is to do, as it is written down before it begins and again before the roots change places.</summary>
/// <param name="Image">The image that the root is to be a clone of.</param>
/// <param name="Ran">The VM ran when it began.</param>
/// <param name="Boots">Start the VM when done.</param>
/// <param name="Phase">How far it has come.</param>
public sealed record ReprovisionWish(string Image, bool Ran, bool Boots, ReprovisionPhase Phase)
{
    public const string Verb = "reprovision";

    /// <summary>MiB of the image, where it is a disk's.</summary>
    public long ImageSize { get; init; }

    private const string PhaseOfSwitch = "switching";

    public UnfinishedWork ToNote() => new(Verb, new JsonObject
    {
        ["image_uuid"] = Image,
        ["ran"] = Ran,
        ["boots"] = Boots,
        ["image_size"] = ImageSize,
        ["phase"] = Phase == ReprovisionPhase.Switching ? PhaseOfSwitch : "preparing",
    });

    public static ReprovisionWish Of(UnfinishedWork work) => new(
        JsonText.Plain(work.Facts["image_uuid"]),
        work.Facts["ran"]?.GetValue<bool>() ?? false,
        work.Facts["boots"]?.GetValue<bool>() ?? false,
        work.Facts["phase"] is { } phase && JsonText.Plain(phase) == PhaseOfSwitch ? ReprovisionPhase.Switching : ReprovisionPhase.Preparing)
    {
        ImageSize = work.Facts["image_size"]?.GetValue<long>() ?? 0,
    };
}

/// <summary>Where the two roots of a VM are while it is reprovisioned: both beside the VM's own dataset, under names that SmartOS uses as well.</summary>
public sealed record ReprovisionPlaces(DatasetName Root, string ZonePath)
{
    private const string OldEnd = "-reprovisioning-root", NewEnd = "-reprovisioning-new";

    public static ReprovisionPlaces Of(VmSpec vm) => new(DatasetName.Parse(vm.RootDataset), vm.ZonePath);

    /// <summary>The old root, until the new one is in its place.</summary>
    public DatasetName Old => DatasetName.Parse(Root.Value + OldEnd);

    /// <summary>The new root, until it is whole.</summary>
    public DatasetName New => DatasetName.Parse(Root.Value + NewEnd);

    public string NewPath => ZonePath + NewEnd;

    /// <summary>Destroys both, of a VM that goes.</summary>
    public void Destroy(IDatasets datasets)
    {
        DatasetRemoval.DestroyZone(datasets, New, NewPath);
        DatasetRemoval.Destroy(datasets, Old);
    }
}
