using Lumos.Linux.Handles;

namespace Lumos.Linux.Spawn;

/// <summary>What to start and how. A stream left null is /dev/null.</summary>
public sealed record SpawnRequest
{
    /// <summary>The program (found on PATH when it holds no slash) and its arguments.</summary>
    public required IReadOnlyList<string> Argv { get; init; }

    /// <summary>The child's whole environment; null: ours.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>Null: ours.</summary>
    public string? WorkingDirectory { get; init; }

    public FileDescriptor? Input { get; init; }

    public FileDescriptor? Output { get; init; }

    public FileDescriptor? ErrorOutput { get; init; }

    /// <summary>Other descriptors the child gets, each under the number given.</summary>
    public IReadOnlyDictionary<int, FileDescriptor>? Extra { get; init; }

    /// <summary>Start in a session of its own (setsid), away from our terminal's signals.</summary>
    public bool NewSession { get; init; }

    /// <summary>Give the child our own streams where Input, Output and ErrorOutput are null.</summary>
    public bool InheritStreams { get; init; }

    /// <summary>The directory of the cgroup the child is born into, such as /sys/fs/cgroup/svc/ssh.</summary>
    public string? Cgroup { get; init; }

    /// <summary>Its cgroups of other hierarchies, on a machine that has them.</summary>
    public IReadOnlyList<string> OtherCgroups { get; init; } = [];

    /// <summary>User id the child runs as.</summary>
    public uint? User { get; init; }

    /// <summary>Group id the child runs as.</summary>
    public uint? Group { get; init; }

    /// <summary>Supplementary groups; given User and no Groups, the child has none.</summary>
    public IReadOnlyList<uint>? Groups { get; init; }

    /// <summary>Limits by name (nofile, core, nproc, as, stack, memlock …): a number or "unlimited", for soft and hard alike.</summary>
    public IReadOnlyDictionary<string, string>? ResourceLimits { get; init; }

    public int? Umask { get; init; }

    public int? Nice { get; init; }

    /// <summary>Make Input the controlling terminal of a new session.</summary>
    public bool ControllingTerminal { get; init; }
}
