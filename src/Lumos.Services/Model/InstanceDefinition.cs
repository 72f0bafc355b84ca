using System.Collections.Immutable;
using System.Globalization;
using Lumos.Core;

namespace Lumos.Services.Model;

public enum Grouping
{
    RequireAll,
    RequireAny,
    OptionalAll,
    ExcludeAll,
}

/// <summary>What has to happen to a dependency for the dependent to be stopped too; each includes those before it.</summary>
public enum RestartOn
{
    None,
    Error,
    Restart,
    Refresh,
}

/// <summary>How the processes of a service are related to its being up.</summary>
public enum Duration
{
    /// <summary>It is up while any process of its contract lives.</summary>
    Contract,

    /// <summary>Its start method does a job and ends; nothing is watched.</summary>
    Transient,

    /// <summary>Its start method is the service (also spelt "child").</summary>
    Wait,
}

/// <summary>One dependency group. Targets are svc: FMRIs, or file: FMRIs when <see cref="OnPaths"/>.</summary>
public sealed record Dependency(string Name, Grouping Grouping, RestartOn RestartOn, bool OnPaths, ImmutableArray<string> Targets);

/// <summary>A method: what to run, for how long (null: as long as it takes), and as whom.</summary>
public sealed record Method(string Exec, TimeSpan? Timeout, MethodContext Context);

/// <summary>The surroundings of a method; null members: svc.startd's own.</summary>
public sealed record MethodContext(
    string? WorkingDirectory, string? User, string? Group, ImmutableArray<KeyValuePair<string, string>> Environment)
{
    public static readonly MethodContext Default = new(null, null, null, []);
}

/// <summary>The typed view of an instance's composed properties: what the graph and the restarter work from.</summary>
public sealed record InstanceDefinition
{
    public required Fmri Fmri { get; init; }

    public required PropertyBag Properties { get; init; }

    /// <summary>The manifest's path.</summary>
    public required string Source { get; init; }

    public required bool Enabled { get; init; }

    public required Duration Duration { get; init; }

    public required ImmutableArray<Dependency> Dependencies { get; init; }

    /// <summary>Groups that this instance lays on others: the target depends on this instance.</summary>
    public required ImmutableArray<Dependency> Dependents { get; init; }

    public required ImmutableSortedDictionary<string, Method> Methods { get; init; }

    /// <summary>Starts that make "too often" when they follow each other faster, on average, than the period.</summary>
    public required int CriticalStarts { get; init; }

    public required TimeSpan CriticalPeriod { get; init; }

    public string CommonName => Properties.Value("tm_common_name", "C") ?? "?";

    /// <summary>Reads the view out of the properties.</summary>
    /// <exception cref="LumosException">InvalidProperty: a value cannot be what the property needs.</exception>
    public static InstanceDefinition From(Fmri fmri, string source, PropertyBag bag)
    {
        var duration = bag.Value("startd", "duration") switch
        {
            null or "contract" => Duration.Contract,
            "transient" => Duration.Transient,
            "child" or "wait" => Duration.Wait,
            var other => throw Invalid(fmri, "startd/duration", other),
        };
        return new InstanceDefinition
        {
            Fmri = fmri,
            Source = source,
            Properties = bag,
            Enabled = bag.Value("general", "enabled") switch
            {
                "true" => true,
                null or "false" => false,
                var other => throw Invalid(fmri, "general/enabled", other),
            },
            Duration = duration,
            Dependencies = [.. bag.Groups.Where(g => g.Value.Type == "dependency").Select(g => ReadDependency(fmri, g.Key, g.Value))],
            Dependents = [.. bag.Groups.Where(g => g.Value.Type == "dependent").Select(g => ReadDependency(fmri, g.Key, g.Value))],
            Methods = bag.Groups.Where(g => g.Value.Type == "method" && g.Value["exec"] is not null)
                .ToImmutableSortedDictionary(g => g.Key, g => ReadMethod(fmri, g.Key, g.Value, bag), StringComparer.Ordinal),
            CriticalStarts = (int)ReadNumber(fmri, bag, "critical_failure_count", 5),
            CriticalPeriod = TimeSpan.FromSeconds(
                ReadNumber(fmri, bag, "critical_failure_period", duration == Duration.Wait ? 1 : 600)),
        };
    }

    public static Grouping? ParseGrouping(string? text) => text switch
    {
        "require_all" => Grouping.RequireAll,
        "require_any" => Grouping.RequireAny,
        "optional_all" => Grouping.OptionalAll,
        "exclude_all" => Grouping.ExcludeAll,
        _ => null,
    };

    public static RestartOn? ParseRestartOn(string? text) => text switch
    {
        "none" => RestartOn.None,
        "error" => RestartOn.Error,
        "restart" => RestartOn.Restart,
        "refresh" => RestartOn.Refresh,
        _ => null,
    };

    private static Dependency ReadDependency(Fmri fmri, string name, PropertyGroup group) => new(
        name,
        ParseGrouping(group["grouping"]) ?? throw Invalid(fmri, $"{name}/grouping", group["grouping"]),
        ParseRestartOn(group["restart_on"]) ?? throw Invalid(fmri, $"{name}/restart_on", group["restart_on"]),
        group["type"] == "path",
        group.Properties.TryGetValue("entities", out var entities) ? entities.Values : []);

    private static Method ReadMethod(Fmri fmri, string name, PropertyGroup group, PropertyBag bag)
    {
        // A method's own context hides the one of the service or instance as a whole, property by property.
        var common = bag["method_context"];
        string? Context(string property) => group[property] ?? common?[property];
        var environment = group.Properties.GetValueOrDefault("environment") ?? common?.Properties.GetValueOrDefault("environment");
        if (!long.TryParse(group["timeout_seconds"] ?? "0", NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seconds))
        {
            throw Invalid(fmri, $"{name}/timeout_seconds", group["timeout_seconds"]);
        }
        return new Method(
            group["exec"]!,
            seconds <= 0 || seconds > int.MaxValue ? null : TimeSpan.FromSeconds(seconds), // 0, -1 and 2^64-1 all mean "no limit"
            new MethodContext(
                Context("working_directory") is { } directory && directory != ":default" ? directory : null,
                Context("user") is { } user && user != ":default" ? user : null,
                Context("group") is { } userGroup && userGroup != ":default" ? userGroup : null,
                environment is null
                    ? []
                    : [.. environment.Values.Where(v => v.Contains('=')).Select(v => v.Split('=', 2)).Select(v => KeyValuePair.Create(v[0], v[1]))]));
    }

    private static long ReadNumber(Fmri fmri, PropertyBag bag, string name, long otherwise)
    {
        string? text = bag.Value("startd", name);
        return text is null ? otherwise
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number is > 1 and < 1_000_000 ? number
            : throw Invalid(fmri, $"startd/{name}", text);
    }

    private static LumosException Invalid(Fmri fmri, string property, string? value) => new(
        "InvalidProperty", $"{fmri}: property {property} cannot be \"{value}\"");
}
