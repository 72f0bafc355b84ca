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

/// <summary>Where a scenario that is not of the run itself is from.</summary>
internal sealed record LaterRun(string Scenario, string Date, string Commit);

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

    /// <summary>
    /// This run with the scenarios that it failed in or left out as a later run on this machine, of them alone, took them. Each such run is
    /// named by <see cref="Later"/>.
    /// </summary>
    /// <param name="others">Newest first.</param>
    public BenchResult WithLater(IEnumerable<BenchResult> others)
    {
        var whole = this;
        foreach (var other in others.Where(o => string.CompareOrdinal(o.Date, Date) > 0 && !o.Quick && o.Host == Host && o.Sizes == Sizes))
        {
            foreach (var scenario in MeasureTable.Scenarios.Where(s => whole.Lacks(s) && !other.Lacks(s)))
            {
                whole = whole with
                {
                    Series = [.. whole.Series.Where(series => !scenario.Measures.Contains(series.Measure)), .. other.Series.Where(series => scenario.Measures.Contains(series.Measure))],
                    Failures = [.. whole.Failures.Where(f => f.Scenario != scenario.Name), .. other.Failures.Where(f => f.Scenario == scenario.Name)],
                    Later = [.. whole.Later, new LaterRun(scenario.Name, other.Date, other.Commit)],
                };
            }
        }
        return whole;
    }

    /// <summary>Scenarios that are from other runs.</summary>
    [JsonIgnore]
    public IReadOnlyList<LaterRun> Later { get => field ?? []; init; } // one that is read from a file is made without initializers

    private bool Lacks(IScenario scenario) =>
        Peers is not [var subject, ..] || scenario.Measures.Any(measure => Of(measure, subject.Name) is null && !subject.NotOffered.ContainsKey(measure));

    public string ToJson() => JsonSerializer.Serialize(this, BenchResultJson.Default.BenchResult) + "\n";

    public static BenchResult Load(string file) => Parse(File.ReadAllText(file));

    public static BenchResult Parse(string json) =>
        JsonSerializer.Deserialize(json, BenchResultJson.Default.BenchResult) ?? throw new LumosException("NoResult", "this is no result of a bench");
}

[JsonSerializable(typeof(BenchResult))]
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class BenchResultJson : JsonSerializerContext;
