using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Services.Model;

namespace Lumos.Services.Client;

/// <summary>A target of a dependency, with the instances it stands for and its state as svcs words it.</summary>
public sealed record TargetView(string Fmri, ImmutableArray<string> Instances, string State);

public sealed record DependencyView(string Name, string Grouping, string RestartOn, string Satisfaction, ImmutableArray<TargetView> Targets);

public sealed record ProcessView(int Pid, string Command, string Arguments, DateTimeOffset Started);

/// <summary>One instance as svc.startd reports it.</summary>
public sealed record InstanceView
{
    public required Fmri Fmri { get; init; }

    public required string Name { get; init; }

    public required ServiceState State { get; init; }

    public required ServiceState Next { get; init; }

    public required DateTimeOffset Since { get; init; }

    public required bool Enabled { get; init; }

    public bool? Override { get; init; }

    public string Auxiliary { get; init; } = "none";

    public string? Reason { get; init; }

    public string? Comment { get; init; }

    public int? StartStatus { get; init; }

    public long? Contract { get; init; }

    public required string Log { get; init; }

    public required string Manifest { get; init; }

    public ImmutableArray<string> ManPages { get; init; } = [];

    public string Satisfaction { get; init; } = "Satisfied";

    public ImmutableArray<DependencyView> Dependencies { get; init; } = [];

    public ImmutableArray<ProcessView> Processes { get; init; } = [];

    public static ImmutableArray<InstanceView> ReadAll(JsonObject status) =>
        [.. status["instances"]!.AsArray().Select(i => Read(i!.AsObject()))];

    private static InstanceView Read(JsonObject node) => new()
    {
        Fmri = Fmri.Parse((string)node["fmri"]!),
        Name = (string)node["name"]!,
        State = ServiceStates.Parse((string?)node["state"])!.Value,
        Next = ServiceStates.Parse((string?)node["next"])!.Value,
        Since = DateTimeOffset.FromUnixTimeMilliseconds((long)node["since"]!),
        Enabled = (bool)node["enabled"]!,
        Override = (bool?)node["override"],
        Auxiliary = (string)node["auxiliary"]!,
        Reason = (string?)node["reason"],
        Comment = (string?)node["comment"],
        StartStatus = (int?)node["start_status"],
        Contract = (long?)node["contract"],
        Log = (string)node["log"]!,
        Manifest = (string)node["manifest"]!,
        ManPages = [.. node["manpages"]!.AsArray().Select(p => (string)p!)],
        Satisfaction = (string)node["satisfaction"]!,
        Dependencies = [.. node["dependencies"]!.AsArray().Select(d => new DependencyView(
            (string)d!["name"]!, (string)d["grouping"]!, (string)d["restart_on"]!, (string)d["satisfaction"]!,
            [.. d["targets"]!.AsArray().Select(t => new TargetView(
                (string)t!["fmri"]!, [.. t["instances"]!.AsArray().Select(i => (string)i!)], (string)t["state"]!))]))],
        Processes = node["processes"] is JsonArray processes
            ? [.. processes.Select(p => new ProcessView(
                (int)p!["pid"]!, (string)p["command"]!, (string)p["arguments"]!,
                DateTimeOffset.FromUnixTimeMilliseconds((long)p["started"]!)))]
            : [],
    };
}
