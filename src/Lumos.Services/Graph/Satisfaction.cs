using Lumos.Core;
using Lumos.Services.Model;

namespace Lumos.Services.Graph;

public enum Satisfaction
{
    Satisfied,

    /// <summary>Not now, but nobody has to do anything for it to come.</summary>
    Waiting,

    /// <summary>Not before an administrator does something.</summary>
    Unsatisfiable,
}

/// <summary>What the evaluation wants to know of the world.</summary>
public interface IServiceStates
{
    ServiceState State(Fmri fmri);

    /// <summary>Online or degraded, and about to stay so.</summary>
    bool IsUp(Fmri fmri);

    /// <summary>Enabled, all overrides and the milestone taken into account.</summary>
    bool IsWanted(Fmri fmri);

    bool FileExists(string path);
}

/// <summary>Whether dependencies are satisfied: functions of the graph and the states, nothing else.</summary>
public static class DependencyEvaluation
{
    /// <summary>Whether the instance's dependencies allow it to start.</summary>
    public static Satisfaction Evaluate(this DependencyGraph graph, Fmri fmri, IServiceStates states) =>
        Evaluate(graph, fmri, states, []);

    /// <summary>Whether one group is satisfied.</summary>
    public static Satisfaction Evaluate(this DependencyGraph graph, Dependency group, IServiceStates states) =>
        Evaluate(graph, group, states, []);

    /// <summary>The path of a file: FMRI.</summary>
    public static string PathOf(string target) => target.StartsWith("file://localhost", StringComparison.Ordinal)
        ? target["file://localhost".Length..]
        : target["file://".Length..];

    private static Satisfaction Evaluate(DependencyGraph graph, Fmri fmri, IServiceStates states, HashSet<Fmri> visiting)
    {
        // optional_all looks through to the dependencies of its targets; a cycle of exclusions could come back here.
        if (graph[fmri] is not { } node || !visiting.Add(fmri))
        {
            return Satisfaction.Waiting;
        }
        var worst = Satisfaction.Satisfied;
        foreach (var group in node.Dependencies)
        {
            worst = (Satisfaction)Math.Max((int)worst, (int)Evaluate(graph, group, states, visiting));
        }
        visiting.Remove(fmri);
        return worst;
    }

    private static Satisfaction Evaluate(DependencyGraph graph, Dependency group, IServiceStates states, HashSet<Fmri> visiting)
    {
        if (group.OnPaths)
        {
            var paths = group.Targets.Select(t => states.FileExists(PathOf(t)) != (group.Grouping == Grouping.ExcludeAll)).ToList();
            bool good = group.Grouping switch
            {
                Grouping.OptionalAll => true,
                Grouping.RequireAny => paths.Contains(true),
                _ => !paths.Contains(false),
            };
            return good ? Satisfaction.Satisfied : Satisfaction.Unsatisfiable;
        }
        var each = group.Targets.Select(t => OfTarget(graph, group.Grouping, t, states, visiting)).ToList();
        return group.Grouping == Grouping.RequireAny ? Best(each) : Worst(each);
    }

    /// <summary>A target that names a service stands for any of its instances when required, for all of them otherwise.</summary>
    private static Satisfaction OfTarget(
        DependencyGraph graph, Grouping grouping, string target, IServiceStates states, HashSet<Fmri> visiting)
    {
        var instances = graph.Resolve(target);
        switch (grouping)
        {
            case Grouping.OptionalAll:
                return Worst(instances.Select(i => Optional(graph, i, states, visiting)));
            case Grouping.ExcludeAll:
                return Worst(instances.Select(i => Excluded(graph, i, states, visiting)));
            default:
                return instances.IsEmpty ? Satisfaction.Unsatisfiable : Best(instances.Select(i => Required(i, states)));
        }
    }

    private static Satisfaction Required(Fmri fmri, IServiceStates states) =>
        states.IsUp(fmri) ? Satisfaction.Satisfied
        : states.State(fmri) == ServiceState.Maintenance || !states.IsWanted(fmri) ? Satisfaction.Unsatisfiable
        : Satisfaction.Waiting;

    private static Satisfaction Optional(DependencyGraph graph, Fmri fmri, IServiceStates states, HashSet<Fmri> visiting) =>
        states.State(fmri) switch
        {
            ServiceState.Maintenance => Satisfaction.Satisfied,
            _ when states.IsUp(fmri) => Satisfaction.Satisfied,
            ServiceState.Disabled or ServiceState.Uninitialized when !states.IsWanted(fmri) => Satisfaction.Satisfied,
            // It is meant to run but cannot: nobody should wait for it.
            ServiceState.Offline when Evaluate(graph, fmri, states, visiting) == Satisfaction.Unsatisfiable => Satisfaction.Satisfied,
            _ => Satisfaction.Waiting,
        };

    private static Satisfaction Excluded(DependencyGraph graph, Fmri fmri, IServiceStates states, HashSet<Fmri> visiting) =>
        states.State(fmri) switch
        {
            ServiceState.Maintenance => Satisfaction.Satisfied,
            ServiceState.Online or ServiceState.Degraded => states.IsWanted(fmri) ? Satisfaction.Unsatisfiable : Satisfaction.Waiting,
            _ when !states.IsWanted(fmri) => Satisfaction.Satisfied,
            ServiceState.Offline when Evaluate(graph, fmri, states, visiting) == Satisfaction.Unsatisfiable => Satisfaction.Satisfied,
            _ => Satisfaction.Waiting,
        };

    private static Satisfaction Worst(IEnumerable<Satisfaction> each) => each.Append(Satisfaction.Satisfied).Max();

    private static Satisfaction Best(IEnumerable<Satisfaction> each) => each.DefaultIfEmpty(Satisfaction.Satisfied).Min();
}
