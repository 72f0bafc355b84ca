using System.Text.Json.Nodes;
using Lumos.Services.Graph;
using Lumos.Services.Model;
using Lumos.Services.Restarter;

namespace Lumos.Services.Daemon;

/// <summary>The state of everything, as the commands want it; Client.InstanceView reads it.</summary>
internal static class StatusReport
{
    internal static JsonObject Write(Restarter.Restarter restarter, IContracts contracts, ServiceLogFiles logs, bool processes) => new()
    {
        ["milestone"] = restarter.Milestone,
        ["instances"] = new JsonArray([.. restarter.Instances.Select(i => Write(i, restarter, contracts, logs, processes))]),
    };

    private static JsonObject Write(
        ServiceInstance instance, Restarter.Restarter restarter, IContracts contracts, ServiceLogFiles logs, bool processes)
    {
        var node = restarter.Graph[instance.Fmri]!;
        var report = new JsonObject
        {
            ["fmri"] = instance.Fmri.ToString(),
            ["name"] = instance.Definition.CommonName,
            ["state"] = instance.State.Text(),
            ["next"] = instance.Next.Text(),
            ["since"] = instance.StateTime.ToUnixTimeMilliseconds(),
            ["enabled"] = instance.Definition.Enabled,
            ["override"] = restarter.Milestone != "all" && !restarter.IsWanted(instance) && instance.Definition.Enabled
                ? false
                : instance.EnabledOverride,
            ["auxiliary"] = instance.Auxiliary,
            ["reason"] = instance.Reason,
            ["comment"] = instance.Comment,
            ["start_status"] = instance.StartStatus,
            ["contract"] = instance.State.IsRunning() || instance.Next != ServiceState.None ? contracts.Id(instance.Fmri) : null,
            ["log"] = logs.PathOf(instance.Fmri),
            ["manifest"] = instance.Definition.Source,
            ["manpages"] = new JsonArray([.. instance.Definition.Properties.Groups
                .Where(g => g.Key.StartsWith("tm_man_", StringComparison.Ordinal))
                .Select(g => JsonValue.Create($"{g.Value["title"]}({g.Value["section"]})"))]),
            ["satisfaction"] = restarter.Graph.Evaluate(instance.Fmri, restarter).ToString(),
            ["dependencies"] = new JsonArray([.. instance.Definition.Dependencies.Concat(node.Dependencies).Distinct()
                .Select(d => Write(d, restarter))]),
        };
        if (processes)
        {
            report["processes"] = new JsonArray([.. contracts.Processes(instance.Fmri).Select(ProcFiles.Read).OfType<ProcessInfo>()
                .Select(p => new JsonObject
                {
                    ["pid"] = p.Pid,
                    ["command"] = p.Command,
                    ["arguments"] = p.Arguments,
                    ["started"] = p.Started.ToUnixTimeMilliseconds(),
                })]);
        }
        return report;
    }

    private static JsonObject Write(Dependency dependency, Restarter.Restarter restarter) => new()
    {
        ["name"] = dependency.Name,
        ["grouping"] = dependency.Grouping switch
        {
            Grouping.RequireAll => "require_all",
            Grouping.RequireAny => "require_any",
            Grouping.OptionalAll => "optional_all",
            _ => "exclude_all",
        },
        ["restart_on"] = dependency.RestartOn.ToString().ToLowerInvariant(),
        ["satisfaction"] = restarter.Graph.Evaluate(dependency, restarter).ToString(),
        ["targets"] = new JsonArray([.. dependency.Targets.Select(t => new JsonObject
        {
            ["fmri"] = t,
            ["instances"] = dependency.OnPaths
                ? []
                : new JsonArray([.. restarter.Graph.Resolve(t).Select(f => JsonValue.Create(f.ToString()))]),
            ["state"] = StateOf(dependency, t, restarter),
        })]),
    };

    /// <summary>As svcs -l words it: a state, or absent, multiple, online for a file that exists.</summary>
    private static string StateOf(Dependency dependency, string target, Restarter.Restarter restarter)
    {
        if (dependency.OnPaths)
        {
            return restarter.FileExists(DependencyEvaluation.PathOf(target)) ? "online" : "absent";
        }
        var instances = restarter.Graph.Resolve(target);
        return instances.Length switch
        {
            0 => "absent",
            1 => restarter.State(instances[0]).Text(),
            _ => "multiple",
        };
    }
}
