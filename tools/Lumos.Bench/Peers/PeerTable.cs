using Lumos.Core;

namespace Lumos.Bench.Peers;

/// <summary>The peers by name, in the order in which they take turns.</summary>
internal static class PeerTable
{
    private static readonly (string Name, Func<IPeer> Make)[] _rows =
    [
        ("lumos", () => new LumosPeer()),
        ("incus", () => new Incus()),
        ("podman", () => new Podman()),
        ("lxc", () => new Lxc()),
        ("nspawn", () => new Nspawn()),
        ("runc", () => new Runc()),
    ];

    public static IReadOnlyList<string> Names => [.. _rows.Select(row => row.Name)];

    public static IPeer Make(string name) => _rows.Single(row => row.Name == name).Make();

    /// <summary>Names from the command line, in the table's order; LumOS is always among them.</summary>
    /// <exception cref="UsageException">A name that is not known.</exception>
    public static IReadOnlyList<string> Select(IReadOnlyList<string> wanted)
    {
        if (wanted.FirstOrDefault(name => !Names.Contains(name)) is { } unknown)
        {
            throw new UsageException($"there is no peer \"{unknown}\"; known are {string.Join(", ", Names)}");
        }
        return wanted.Count == 0 ? Names : [.. Names.Where(name => name == "lumos" || wanted.Contains(name))];
    }
}
