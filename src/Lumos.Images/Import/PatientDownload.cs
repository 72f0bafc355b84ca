using Lumos.Core;
using Lumos.Drivers.Fetch;

namespace Lumos.Images.Import;

/// <summary>
/// A file that is brought here in as many tries as make sense: one that was cut is gone on with, now or by whoever wants it next, and one
/// whose beginning was wrong is begun anew. What comes out is whole and what it has to be; of what is not, nothing stays.
/// </summary>
internal sealed class PatientDownload
{
    private const int MaxTries = 5, TooMuchAsked = 429, DoesNotFit = 416;

    /// <summary>Where it goes, and what there is of it may lie.</summary>
    public required string Path { get; init; }

    /// <summary>Bytes; null: nobody knows.</summary>
    public required long? Size { get; init; }

    /// <summary>For what is told: "image X".</summary>
    public required string What { get; init; }

    /// <summary>One try, which goes on with what there is.</summary>
    public required Action Fetch { get; init; }

    /// <summary>What is wrong with the whole; null: nothing.</summary>
    public required Func<string?> Fault { get; init; }

    /// <summary>What is to be said when it is wrong though it came in one piece.</summary>
    public required Func<string, LumosException> Mismatch { get; init; }

    public required Action<string> Warn { get; init; }

    /// <summary>Ends the waiting between tries; <see cref="Fetch"/> has to see to itself.</summary>
    public CancellationToken Stop { get; init; }

    private long Length => File.Exists(Path) ? new FileInfo(Path).Length : 0;

    /// <returns>False: it was here already.</returns>
    public bool Run()
    {
        if (File.Exists(Path) && (Size is null || Length == Size) && Fault() is null)
        {
            return false;
        }
        for (int tries = 1; ; tries++)
        {
            long had = Length;
            try
            {
                Fetch();
            }
            catch (FetchException e)
            {
                // Asked here and not of the exception on its way: the file is closed by now, and all that came is in it.
                if (tries >= MaxTries || !MakesSense(e, had))
                {
                    throw;
                }
                Warn($"{LumosException.Describe(e)}; trying again");
                if (e.Status == TooMuchAsked)
                {
                    _ = Stop.WaitHandle.WaitOne(TimeSpan.FromSeconds(1 << tries));
                }
                Stop.ThrowIfCancellationRequested();
                continue;
            }
            if (Fault() is not { } fault)
            {
                return true;
            }
            // Bytes known to be wrong are of no use to anyone; a continued file may only have had a wrong beginning.
            File.Delete(Path);
            if (had == 0 || tries >= MaxTries)
            {
                throw Mismatch(fault);
            }
            Warn($"what was downloaded before of {What} does not fit; starting anew");
        }
    }

    /// <summary>When the last try brought something, or was told to begin anew or to come later.</summary>
    private bool MakesSense(FetchException e, long had) =>
        !Stop.IsCancellationRequested && (e.Status is DoesNotFit or TooMuchAsked || (e.Status is null or >= 500 && Length > had));
}
