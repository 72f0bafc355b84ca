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
}
