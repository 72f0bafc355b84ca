using System.Globalization;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// The name of a build: the time of the newest thing this repository puts into the image, such as
/// <c>20261120T104500Z</c>. A clean checkout takes the time of the newest commit to those paths, so that the same commit
/// gives the same stamp everywhere; a changed file counts by its own time. <c>SOURCE_DATE_EPOCH</c> overrules both.
/// </summary>
public sealed record Stamp(DateTimeOffset Time)
{
    /// <summary>What of the repository goes into the image.</summary>
    private static readonly string[] Inputs =
        ["src", "images/platform", "smf", "man", "Directory.Build.props", "Directory.Packages.props", "global.json"];

    public override string ToString() => Time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The stamp of a checkout.</summary>
    public static Stamp Of(BuildLog log, string repository)
    {
        if (long.TryParse(Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH"), out long given))
        {
            return new Stamp(DateTimeOffset.FromUnixTimeSeconds(given));
        }
        if (!Path.Exists(Path.Combine(repository, ".git")))
        {
            return new Stamp(NewestFile(repository)); // unpacked from an archive of the sources
        }
        string[] git = ["git", "-c", $"safe.directory={repository}", "-C", repository];
        long newest = 0;
        if (long.TryParse(log.Capture([.. git, "log", "-1", "--format=%ct", "--", .. Inputs]).Trim(), out long committed))
        {
            newest = committed;
        }
        string changed = log.Capture([.. git, "ls-files", "--modified", "--others", "--exclude-standard", "-z", "--", .. Inputs]);
        foreach (string file in changed.Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            var info = new FileInfo(Path.Combine(repository, file));
            if (info.Exists)
            {
                newest = Math.Max(newest, new DateTimeOffset(info.LastWriteTimeUtc).ToUnixTimeSeconds());
            }
        }
        return new Stamp(DateTimeOffset.FromUnixTimeSeconds(newest));
    }

    private static DateTimeOffset NewestFile(string repository)
    {
        var times = Inputs.Select(input => Path.Combine(repository, input))
            .SelectMany(path => Directory.Exists(path) ? StageKey.FilesBelow(path, BinariesStage.IsSource).Select(f => Path.Combine(path, f)) : [path])
            .Select(File.GetLastWriteTimeUtc);
        return DateTimeOffset.FromUnixTimeSeconds(new DateTimeOffset(times.Max()).ToUnixTimeSeconds());
    }
}
