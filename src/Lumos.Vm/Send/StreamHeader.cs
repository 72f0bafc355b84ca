using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;

namespace Lumos.Vm.Send;

/// <summary>A snapshot by its name and the identity that it keeps wherever it is received.</summary>
public sealed record SnapshotId(string Name, string Guid);

/// <summary>A dataset of a VM, with the snapshots that the receiver will have of it, oldest first.</summary>
/// <param name="Path">"" for the VM's own, else relative to it: data, data/db.</param>
public sealed record SentDataset(string Path, ImmutableArray<SnapshotId> Snapshots);

/// <summary>What a stream is based on.</summary>
public enum StreamBasis
{
    /// <summary>Nothing: it brings everything.</summary>
    Whole,

    /// <summary>A snapshot of another dataset: what comes to be is a clone of it.</summary>
    Origin,

    /// <summary>The snapshot before, of the same dataset.</summary>
    Onto,
}

/// <summary>One stream: a snapshot of a dataset.</summary>
/// <param name="From">Guid of what it is based on; null: of nothing.</param>
/// <param name="Resumes">It is the rest of one that was cut.</param>
public sealed record StreamItem(string Path, SnapshotId Snapshot, StreamBasis Basis, string? From, bool Resumes);

/// <summary>The first frame of a VM on its way: all that the receiver has to know before data flow.</summary>
public sealed record StreamHeader
{
    public required Uuid Uuid { get; init; }

    /// <summary>The configuration: tags, metadata and routes included; nothing that is only this machine's.</summary>
    public required JsonObject Vm { get; init; }

    /// <summary>The snapshot that all of it is of.</summary>
    public required string Final { get; init; }

    /// <summary>What the storage's streams are (<see cref="IDatasets.StreamKind"/>).</summary>
    public required string StreamKind { get; init; }

    /// <summary>Build stamp of the platform it comes from.</summary>
    public required string Platform { get; init; }

    /// <summary>It ran, so it is booted when it is installed.</summary>
    public bool Boots { get; init; }

    /// <summary>About what it takes on the receiver's pool; 0: unknown.</summary>
    public long Bytes { get; init; }

    /// <summary>Guid of the image's snapshot that the VM is a clone of; null: it does not need it.</summary>
    public string? ImageGuid { get; init; }

    public required ImmutableArray<SentDataset> Datasets { get; init; }

    public required ImmutableArray<StreamItem> Items { get; init; }

    public VmSpec Spec => new(Vm);

    public byte[] ToJson()
    {
        var datasets = new JsonArray();
        foreach (var dataset in Datasets)
        {
            var snapshots = new JsonArray();
            foreach (var snapshot in dataset.Snapshots)
            {
                snapshots.Add((JsonNode)Json(snapshot));
            }
            datasets.Add((JsonNode)new JsonObject { ["path"] = dataset.Path, ["snapshots"] = snapshots });
        }
        var items = new JsonArray();
        foreach (var item in Items)
        {
            items.Add((JsonNode)new JsonObject
            {
                ["path"] = item.Path, ["snapshot"] = Json(item.Snapshot), ["basis"] = Word(item.Basis), ["from"] = item.From, ["resumes"] = item.Resumes,
            });
        }
        return JsonText.Line(new JsonObject
        {
            ["uuid"] = Uuid.ToString(), ["platform"] = Platform, ["stream_kind"] = StreamKind, ["final"] = Final, ["boots"] = Boots,
            ["bytes"] = Bytes, ["image_guid"] = ImageGuid, ["datasets"] = datasets, ["streams"] = items, ["vm"] = Vm.DeepClone(),
        });
    }

    /// <exception cref="FormatException">It is none, or names datasets that cannot be.</exception>
    public static StreamHeader Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            var node = JsonNode.Parse(json)!.AsObject();
            var header = new StreamHeader
            {
                Uuid = Uuid.Parse(Text(node["uuid"])),
                Platform = Text(node["platform"]),
                StreamKind = Text(node["stream_kind"]),
                Final = Text(node["final"]),
                Boots = node["boots"]!.GetValue<bool>(),
                Bytes = node["bytes"]!.GetValue<long>(),
                ImageGuid = (string?)node["image_guid"],
                Vm = node["vm"]!.AsObject(),
                Datasets = [.. node["datasets"]!.AsArray().Select(d => new SentDataset(
                    Text(d!["path"]), [.. d["snapshots"]!.AsArray().Select(Snapshot)]))],
                Items = [.. node["streams"]!.AsArray().Select(i => new StreamItem(
                    Text(i!["path"]), Snapshot(i["snapshot"]), Basis(Text(i["basis"])), (string?)i["from"], i["resumes"]!.GetValue<bool>()))],
            };
            return header.IsSound() ? header : throw new FormatException("its header names datasets that cannot be");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or LumosException)
        {
            throw new FormatException("its header cannot be understood", e);
        }
    }

    /// <summary>What is in here becomes names of datasets: only such names may, and only of the VM.</summary>
    private bool IsSound()
    {
        var paths = Datasets.Select(d => d.Path).ToHashSet();
        return JsonText.Plain(Vm["uuid"]) == Uuid.ToString() && JsonText.Plain(Vm["zonename"]) is var zone && zone == Uuid.ToString()
            && paths.Count == Datasets.Length && Datasets.Length > 0 && Datasets[0].Path.Length == 0
            && Datasets.All(d => IsPath(d.Path) && d.Snapshots.All(IsSound) && d.Snapshots.Any(s => s.Name == Final))
            && Items.All(i => paths.Contains(i.Path) && IsSound(i.Snapshot) && i.From is null == (i.Basis == StreamBasis.Whole));
    }

    private static bool IsPath(string path) => path.Length == 0 || DatasetName.TryParse("a/" + path, out _);

    private static bool IsSound(SnapshotId snapshot) => SnapshotName.TryParse("a@" + snapshot.Name, out _)
        && snapshot.Guid.Length > 0 && snapshot.Guid.All(char.IsAsciiDigit);

    private static string Text(JsonNode? node) => node!.GetValue<string>();

    private static JsonObject Json(SnapshotId snapshot) => new() { ["name"] = snapshot.Name, ["guid"] = snapshot.Guid };

    private static SnapshotId Snapshot(JsonNode? node) => new(Text(node!["name"]), Text(node["guid"]));

    private static string Word(StreamBasis basis) => basis switch
    {
        StreamBasis.Whole => "whole",
        StreamBasis.Origin => "origin",
        _ => "onto",
    };

    private static StreamBasis Basis(string word) => word switch
    {
        "whole" => StreamBasis.Whole,
        "origin" => StreamBasis.Origin,
        "onto" => StreamBasis.Onto,
        _ => throw new FormatException($"its header has a stream based on \"{word}\", which this vmadm does not know"),
    };
}
