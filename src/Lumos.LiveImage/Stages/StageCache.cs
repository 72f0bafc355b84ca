using System.Diagnostics;
using Lumos.Drivers.Files;

namespace Lumos.LiveImage.Stages;

/// <summary>A finished stage: where its files are, and under which key (which later stages put into theirs).</summary>
public sealed record StageResult(string Key, string Directory, bool Cached)
{
    /// <summary>Path of one of its files.</summary>
    public string this[string name] => Path.Combine(Directory, name);
}

/// <summary>
/// Keeps the results of stages by the hash of their inputs, in a folder that all clones share:
/// <c>CACHE/STAGE/KEY/</c>. A stage is made in <c>CACHE/tmp/</c> and renamed when it is complete, so a result that is there
/// is whole; one lock per result makes a second build wait for the first instead of doing the same work. Results that
/// nobody used for a while are dropped when a new one of the same stage arrives.
/// </summary>
public sealed class StageCache(string directory, Action<StageEvent> progress)
{
    private const int KeptPerStage = 4;
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(15); // another build may still read what it was given

    /// <summary>Returns the result of a stage, making it with <paramref name="make"/> (given an empty folder) when it is not there.</summary>
    public StageResult Get(string stage, string key, Action<string> make)
    {
        var clock = Stopwatch.StartNew();
        string result = Path.Combine(directory, stage, key);
        if (Directory.Exists(result))
        {
            return Found(stage, key, result, clock);
        }
        progress(new StageEvent(stage, StageState.Started, TimeSpan.Zero));
        Directory.CreateDirectory(Path.Combine(directory, stage));
        Directory.CreateDirectory(Path.Combine(directory, "tmp"));
        using var held = FileLock.Acquire(Path.Combine(directory, "tmp", $"{stage}-{key}.lock"));
        if (Directory.Exists(result))
        {
            return Found(stage, key, result, clock); // another build made it while we waited
        }
        string work = Path.Combine(directory, "tmp", $"{stage}-{key}");
        Scratch.Delete(work); // left by a build that was killed; we hold its lock
        Directory.CreateDirectory(work);
        try
        {
            make(work);
            Directory.Move(work, result);
        }
        catch (Exception)
        {
            progress(new StageEvent(stage, StageState.Failed, clock.Elapsed));
            Scratch.Delete(work);
            throw;
        }
        DropOld(stage, result);
        progress(new StageEvent(stage, StageState.Built, clock.Elapsed));
        return new StageResult(key, result, Cached: false);
    }

    /// <summary>Forgets one result, so that the next <see cref="Get"/> makes it anew.</summary>
    public void Forget(string stage, string key) => Scratch.Delete(Path.Combine(directory, stage, key));

    /// <summary>Moves a result to another key.</summary>
    public void Rename(string stage, string key, string newKey)
    {
        if (key == newKey)
        {
            return;
        }
        string target = Path.Combine(directory, stage, newKey);
        Scratch.Delete(target);
        Directory.Move(Path.Combine(directory, stage, key), target);
    }

    private StageResult Found(string stage, string key, string result, Stopwatch clock)
    {
        Directory.SetLastWriteTimeUtc(result, DateTime.UtcNow); // "used": see DropOld
        progress(new StageEvent(stage, StageState.Cached, clock.Elapsed));
        return new StageResult(key, result, Cached: true);
    }

    private void DropOld(string stage, string justMade)
    {
        var old = new DirectoryInfo(Path.Combine(directory, stage)).EnumerateDirectories()
            .Where(d => d.FullName != justMade)
            .OrderByDescending(d => d.LastWriteTimeUtc)
            .Skip(KeptPerStage - 1)
            .Where(d => DateTime.UtcNow - d.LastWriteTimeUtc > KeptFor);
        foreach (var each in old)
        {
            Scratch.Delete(each.FullName);
        }
    }
}
