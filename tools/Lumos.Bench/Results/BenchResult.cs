using System.Text.Json;
using System.Text.Json.Serialization;
using Lumos.Bench.Measures;
using Lumos.Core;

namespace Lumos.Bench.Results;

/// <summary>What a peer was, or why it was left out.</summary>
internal sealed record PeerResult(string Name, string? Version, string Note, string? LeftOut, IReadOnlyDictionary<string, string> NotOffered);

/// <summary>All samples of one measure of one peer, in the order in which they were taken.</summary>
internal sealed record Series(string Measure, string Peer, IReadOnlyList<double> Samples);

/// <summary>A peer that failed in a scenario, and how.</summary>
internal sealed record Failure(string Scenario, string Peer, string Why);

/// <summary>The machine that was measured on.</summary>
internal sealed record HostFacts(string Kernel, string Cpu, int Cpus, double MemoryGiB, string System, string Cgroups);

/// <summary>One run: the raw samples, from which everything that is shown is computed.</summary>
internal sealed record BenchResult(
    string Date, string Commit, bool Quick, HostFacts Host, Sizes Sizes, IReadOnlyList<PeerResult> Peers, IReadOnlyList<Series> Series,
    IReadOnlyList<Failure> Failures)
{
    public Summary? Of(string measure, string peer) =>
        Series.FirstOrDefault(series => series.Measure == measure && series.Peer == peer) is { Samples.Count: > 0 } found ? Summary.Of(found.Samples) : null;

    /// <summary>Peers that were measured, in their order; "host" where it was measured beside them.</summary>
    public IReadOnlyList<string> Measured =>
        [.. Peers.Where(peer => peer.LeftOut is null).Select(peer => peer.Name), .. Series.Any(series => series.Peer == "host") ? ["host"] : Array.Empty<string>()];

    /// <summary>Measures with at least one sample.</summary>
    public IReadOnlyList<Measure> MeasuresTaken => [.. MeasureTable.All.Where(measure => Series.Any(series => series.Measure == measure.Name))];

    public string ToJson() => JsonSerializer.Serialize(this, BenchResultJson.Default.BenchResult) + "\n";

    public static BenchResult Load(string file) => Parse(File.ReadAllText(file));

    public static BenchResult Parse(string json) =>
        JsonSerializer.Deserialize(json, BenchResultJson.Default.BenchResult) ?? throw new LumosException("NoResult", "this is no result of a bench");
}

[JsonSerializable(typeof(BenchResult))]
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class BenchResultJson : JsonSerializerContext;
