using System.Text.Json.Serialization;

namespace Lumos.Bench;

/// <summary>What a run measures and where; handed as JSON to the program inside the sandbox.</summary>
/// <param name="Work">The temporary folder of this run.</param>
/// <param name="Result">Where the program inside writes what it measured.</param>
/// <param name="CrowdSnapshots">Another number than the size says.</param>
/// <param name="HostedTree">What hosted mode runs from.</param>
internal sealed record BenchRequest(
    IReadOnlyList<string> Peers, IReadOnlyList<string> Measures, bool Quick, string Work, string Logs, string RootArchive, string Init,
    string Result, string HostedTree, string Commit, long DiskGiB, int? CrowdSnapshots);

[JsonSerializable(typeof(BenchRequest))]
[JsonSourceGenerationOptions(WriteIndented = true)]
internal sealed partial class BenchRequestJson : JsonSerializerContext;
