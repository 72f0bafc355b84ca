using Lumos.Core;

namespace Lumos.LiveImage.Recipe;

/// <summary>
/// The module tree of one kernel, read from its modules.dep and modules.builtin: which modules a list of patterns needs,
/// and in which order a few of them are loaded. Names are paths below /lib/modules/VERSION without the .ko ending and
/// whatever compression follows it, such as <c>kernel/fs/ext4/ext4</c>.
/// </summary>
public sealed class KernelModules
{
    private readonly Dictionary<string, string[]> _needs = [];
    private readonly HashSet<string> _builtIn;

    /// <param name="dep">The text of modules.dep: "PATH: PATH PATH …", all that the first needs, the deepest last.</param>
    /// <param name="builtIn">The text of modules.builtin: one path a line.</param>
    public KernelModules(string dep, string builtIn)
    {
        foreach (string line in dep.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] halves = line.Split(':', 2);
            _needs[Bare(halves[0])] = [.. halves[1].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Bare)];
        }
        _builtIn = [.. builtIn.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => NameOf(Bare(l)))];
    }

    /// <summary>
    /// All modules that match a pattern (relative to <c>kernel/</c>), less those that a pattern after "!" matches, and all
    /// that the rest needs.
    /// </summary>
    public IReadOnlySet<string> Closure(IEnumerable<string> patterns)
    {
        var lines = patterns.ToList();
        var globs = lines.Where(p => p[0] != '!').Select(p => new PathPattern("kernel/" + p)).ToList();
        var refused = lines.Where(p => p[0] == '!').Select(p => new PathPattern("kernel/" + p[1..].Trim())).ToList();
        var unused = globs.Select(g => g.Text).ToHashSet();
        var wanted = new HashSet<string>();
        foreach (string module in _needs.Keys)
        {
            bool matched = false;
            foreach (var glob in globs.Where(g => g.Matches(module)))
            {
                unused.Remove(glob.Text);
                matched = true;
            }
            if (matched && !refused.Any(r => r.Matches(module)))
            {
                wanted.Add(module);
                wanted.UnionWith(_needs[module]);
            }
        }
        Unmatched = [.. unused.Order(StringComparer.Ordinal)];
        return wanted;
    }

    /// <summary>Patterns of the last <see cref="Closure"/> that no module matched: a list's misspellings, or what this kernel dropped.</summary>
    public IReadOnlyList<string> Unmatched { get; private set; } = [];

    /// <summary>
    /// The modules to load, in order, for these names (such as "squashfs") to be there. What is built into the kernel
    /// needs no loading; a name that is neither is an error.
    /// </summary>
    public IReadOnlyList<string> LoadOrder(IEnumerable<string> names)
    {
        var order = new List<string>();
        foreach (string name in names.Where(n => !_builtIn.Contains(n)))
        {
            string module = _needs.Keys.FirstOrDefault(m => NameOf(m) == name)
                ?? throw new LumosException("NoSuchModule", $"the kernel has no module {name}, neither built in nor loadable");
            order.AddRange(Enumerable.Reverse(_needs[module]).Append(module).Where(m => !order.Contains(m)));
        }
        return order;
    }

    /// <summary>The path without ".ko", ".ko.xz" and the like.</summary>
    public static string Bare(string path)
    {
        int end = path.LastIndexOf(".ko", StringComparison.Ordinal);
        return end < 0 ? path : path[..end];
    }

    private static string NameOf(string bare) => bare[(bare.LastIndexOf('/') + 1)..].Replace('-', '_');
}
