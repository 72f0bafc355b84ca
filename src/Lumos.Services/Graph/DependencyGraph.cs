using System.Collections.Frozen;
using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Services.Model;

namespace Lumos.Services.Graph;

/// <summary>One instance in the graph: what it waits for, and who waits for it.</summary>
/// <param name="Dependencies">Its own groups and those that others laid on it (&lt;dependent&gt;); empty when it is in a cycle.</param>
/// <param name="Cycle">The names along the cycle that this instance would close; null: none.</param>
public sealed record GraphNode(Fmri Fmri, ImmutableArray<Dependency> Dependencies, ImmutableArray<Fmri> Cycle)
{
    public ImmutableArray<(Fmri Dependent, Dependency Through)> Dependents { get; init; } = [];
}

/// <summary>
/// Who depends on whom. Immutable: built anew when a definition changes, which is rare, so that nothing here can go stale.
/// A cycle is found when the graph is built: the instance that closes it (in order of names) loses its dependencies here and
/// is put into maintenance by the restarter; all others go on.
/// </summary>
public sealed class DependencyGraph
{
    private readonly FrozenDictionary<Fmri, GraphNode> _nodes;
    private readonly FrozenDictionary<string, ImmutableArray<Fmri>> _instances;

    private DependencyGraph(Dictionary<Fmri, GraphNode> nodes, Dictionary<string, ImmutableArray<Fmri>> instances)
    {
        _nodes = nodes.ToFrozenDictionary();
        _instances = instances.ToFrozenDictionary();
    }

    public static DependencyGraph Empty { get; } = new([], []);

    public IEnumerable<GraphNode> Nodes => _nodes.Values;

    public GraphNode? this[Fmri fmri] => _nodes.GetValueOrDefault(fmri);

    public static DependencyGraph Build(IEnumerable<InstanceDefinition> definitions)
    {
        var all = definitions.OrderBy(d => d.Fmri.ToString(), StringComparer.Ordinal).ToList();
        var instances = all.GroupBy(d => d.Fmri.Service)
            .ToDictionary(g => g.Key, g => g.Select(d => d.Fmri).ToImmutableArray());
        var groups = all.ToDictionary(d => d.Fmri, d => d.Dependencies.ToList());
        foreach (var definition in all)
        {
            foreach (var dependent in definition.Dependents)
            {
                foreach (var target in dependent.Targets.SelectMany(t => Resolve(t, instances)).Where(groups.ContainsKey))
                {
                    groups[target].Add(dependent with { Targets = [definition.Fmri.ToString()] });
                }
            }
        }

        var edges = new Dictionary<Fmri, List<Fmri>>();
        var cycles = new Dictionary<Fmri, ImmutableArray<Fmri>>();
        foreach (var definition in all)
        {
            var targets = groups[definition.Fmri].Where(g => !g.OnPaths && g.Grouping != Grouping.ExcludeAll)
                .SelectMany(g => g.Targets).SelectMany(t => Resolve(t, instances)).Distinct().ToList();
            edges[definition.Fmri] = targets;
            if (FindCycle(definition.Fmri, edges) is { IsEmpty: false } cycle)
            {
                cycles[definition.Fmri] = cycle;
                edges[definition.Fmri] = [];
                groups[definition.Fmri] = [];
            }
        }

        var dependents = new Dictionary<Fmri, List<(Fmri, Dependency)>>();
        foreach (var (fmri, list) in groups)
        {
            foreach (var group in list.Where(g => !g.OnPaths))
            {
                foreach (var target in group.Targets.SelectMany(t => Resolve(t, instances)).Distinct())
                {
                    if (!dependents.TryGetValue(target, out var known))
                    {
                        dependents[target] = known = [];
                    }
                    known.Add((fmri, group));
                }
            }
        }
        return new DependencyGraph(
            all.ToDictionary(d => d.Fmri, d => new GraphNode(
                d.Fmri, [.. groups[d.Fmri]], cycles.GetValueOrDefault(d.Fmri, []))
            {
                Dependents = dependents.TryGetValue(d.Fmri, out var list) ? [.. list] : [],
            }),
            instances);
    }

    /// <summary>The instances that a dependency's target stands for: one, or all those of a service; empty: there is none.</summary>
    public ImmutableArray<Fmri> Resolve(string target) => Resolve(target, _instances);

    /// <summary>The instance and everything that it depends on, near and far, exclusions left out.</summary>
    public IReadOnlySet<Fmri> Subgraph(Fmri root)
    {
        var found = new HashSet<Fmri>();
        var open = new Stack<Fmri>([root]);
        while (open.TryPop(out var next))
        {
            if (_nodes.TryGetValue(next, out var node) && found.Add(next))
            {
                foreach (var target in node.Dependencies.Where(g => !g.OnPaths && g.Grouping != Grouping.ExcludeAll)
                    .SelectMany(g => g.Targets).SelectMany(t => Resolve(t)))
                {
                    open.Push(target);
                }
            }
        }
        return found;
    }

    private static ImmutableArray<Fmri> Resolve(string target, IReadOnlyDictionary<string, ImmutableArray<Fmri>> instances)
    {
        if (!Fmri.TryParse(target, out var fmri) || !instances.TryGetValue(fmri.Service, out var known))
        {
            return [];
        }
        return fmri.Instance is null ? known : known.Contains(fmri) ? [fmri] : [];
    }

    /// <summary>The way from the instance back to itself: "a, b, a"; empty when there is none.</summary>
    private static ImmutableArray<Fmri> FindCycle(Fmri start, Dictionary<Fmri, List<Fmri>> edges)
    {
        var seen = new HashSet<Fmri>();
        var path = new List<Fmri> { start };
        return Walk(start) ? [.. path, start] : [];

        bool Walk(Fmri at)
        {
            foreach (var next in edges.GetValueOrDefault(at) ?? [])
            {
                if (next == start)
                {
                    return true;
                }
                if (seen.Add(next))
                {
                    path.Add(next);
                    if (Walk(next))
                    {
                        return true;
                    }
                    path.RemoveAt(path.Count - 1);
                }
            }
            return false;
        }
    }
}
