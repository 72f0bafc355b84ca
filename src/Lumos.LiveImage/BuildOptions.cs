namespace Lumos.LiveImage;

/// <summary>What every build is told: where to read, where to write, whom to tell.</summary>
public sealed record BuildOptions
{
    /// <summary>The checkout: holds <c>src/</c>, <c>images/</c>, <c>smf/</c> and <c>man/</c>.</summary>
    public required string RepositoryRoot { get; init; }

    /// <summary>Where results go, such as <c>out/</c> of the checkout.</summary>
    public required string OutDirectory { get; init; }

    /// <summary>Where finished stages are kept; shared by all clones.</summary>
    public string CacheDirectory { get; init; } = DefaultCacheDirectory();

    /// <summary>Refuse packages that differ from the committed record.</summary>
    public bool Locked { get; init; }

    /// <summary>Called as stages start and end, on the thread that builds.</summary>
    public Action<StageEvent> Progress { get; init; } = _ => { };

    /// <summary>Called with sentences the user should see, such as each drift from the package record.</summary>
    public Action<string> Notice { get; init; } = _ => { };

    /// <summary>Everything the tools print is appended here.</summary>
    public required string LogFile { get; init; }

    /// <summary><c>$XDG_CACHE_HOME/lumos</c>, or <c>~/.cache/lumos</c>.</summary>
    public static string DefaultCacheDirectory()
    {
        string? home = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        return string.IsNullOrEmpty(home)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "lumos")
            : Path.Combine(home, "lumos");
    }
}

/// <summary>How far a stage is.</summary>
public enum StageState
{
    /// <summary>Work has begun.</summary>
    Started,

    /// <summary>Its result was in the cache.</summary>
    Cached,

    /// <summary>It was made now.</summary>
    Built,

    /// <summary>It failed; the exception follows.</summary>
    Failed,
}

/// <summary>One step of progress.</summary>
/// <param name="Stage">The stage's name, such as <c>packages</c>.</param>
/// <param name="State">What has just happened.</param>
/// <param name="Elapsed">Time since the stage started.</param>
public sealed record StageEvent(string Stage, StageState State, TimeSpan Elapsed);
