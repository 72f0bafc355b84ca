namespace Lumos.Images.Import;

/// <summary>Where an import tells how it goes.</summary>
public sealed record ImportReport
{
    private readonly Action<long, long> _bytes = (_, _) => { };

    /// <summary>An outcome: "Imported image …".</summary>
    public Action<string> Say { get; init; } = _ => { };

    /// <summary>A stage begins.</summary>
    public Action<string> Stage { get; init; } = _ => { };

    /// <summary>Bytes done of a total (0: unknown). Whoever tells of them is stopped here.</summary>
    public Action<long, long> Bytes { get => Tell; init => _bytes = value; }

    /// <summary>The import is to be given up: looked at wherever bytes are told of and locks are waited for.</summary>
    public CancellationToken Stop { get; init; }

    /// <summary>Something went wrong that was dealt with.</summary>
    public Action<string> Warn { get; init; } = _ => { };

    /// <summary>The same for several threads.</summary>
    public ImportReport OneAtATime()
    {
        var all = new Lock();
        return new ImportReport
        {
            Stop = Stop,
            Say = text =>
            {
                lock (all)
                {
                    Say(text);
                }
            },
            Stage = text =>
            {
                lock (all)
                {
                    Stage(text);
                }
            },
            Bytes = (done, total) =>
            {
                lock (all)
                {
                    Bytes(done, total);
                }
            },
            Warn = text =>
            {
                lock (all)
                {
                    Warn(text);
                }
            },
        };
    }

    private void Tell(long done, long total)
    {
        Stop.ThrowIfCancellationRequested();
        _bytes(done, total);
    }
}
