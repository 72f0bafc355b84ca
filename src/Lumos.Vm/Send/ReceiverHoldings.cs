using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Vm.Send;

/// <summary>A dataset that a receiver has.</summary>
/// <param name="Path">"" for the VM's own, else relative to it.</param>
/// <param name="Guids">Of its snapshots, oldest first.</param>
/// <param name="Resume">The storage's word for how far a stream came that was cut; null: none was.</param>
public sealed record HeldDataset(string Path, ImmutableArray<string> Guids, string? Resume = null);

/// <summary>
/// What a receiver has of a VM, as a sender has to know it to send the rest. Travels as one word (the token that
/// <c>receive --token</c> prints and <c>send --resume</c> takes) of letters, digits, '-' and '_', so that no shell changes it.
/// </summary>
/// <param name="Uuid">The VM.</param>
/// <param name="At">Guid of the snapshot that was under way when a stream was cut; null: none.</param>
/// <param name="Final">The snapshot that the last stream was of.</param>
public sealed record ReceiverHoldings(Uuid Uuid, string? At, string? Final, ImmutableArray<HeldDataset> Datasets)
{
    /// <summary>Snapshots told of each dataset, the newest: a command line has its limits, and a sender needs one that it has too.</summary>
    private const int MostGuids = 100;

    public HeldDataset? Of(string path) => Datasets.FirstOrDefault(d => d.Path == path);

    public string ToToken()
    {
        var datasets = new JsonArray();
        foreach (var dataset in Datasets)
        {
            var guids = new JsonArray();
            foreach (string guid in dataset.Guids.Skip(Math.Max(0, dataset.Guids.Length - MostGuids)))
            {
                guids.Add((JsonNode)guid);
            }
            var entry = new JsonObject { ["p"] = dataset.Path, ["g"] = guids };
            if (dataset.Resume is { } resume)
            {
                entry["r"] = resume;
            }
            datasets.Add((JsonNode)entry);
        }
        return Base64Url.EncodeToString(JsonText.Line(new JsonObject
        {
            ["v"] = 1, ["u"] = Uuid.ToString(), ["a"] = At, ["f"] = Final, ["d"] = datasets,
        }));
    }

    /// <exception cref="LumosException">InvalidToken.</exception>
    public static ReceiverHoldings FromToken(string token)
    {
        try
        {
            var node = JsonNode.Parse(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.AsSpan().Trim())))!;
            return node["v"]!.GetValue<int>() == 1
                ? new ReceiverHoldings(Uuid.Parse(node["u"]!.GetValue<string>()), (string?)node["a"], (string?)node["f"],
                    [.. node["d"]!.AsArray().Select(d => new HeldDataset(
                        d!["p"]!.GetValue<string>(), [.. d["g"]!.AsArray().Select(g => g!.GetValue<string>())], (string?)d["r"]))])
                : throw new FormatException("it is of another version of vmadm");
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or NullReferenceException)
        {
            throw new LumosException("InvalidToken",
                "that is no token to resume by: \"vmadm receive --token UUID\", on the machine that receives, prints the one to give", inner: e);
        }
    }
}
