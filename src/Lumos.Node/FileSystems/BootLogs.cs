namespace Lumos.Node.FileSystems;

/// <summary>
/// Carries the service logs that were written in memory before zones/var was there over to it, so that a log on the pool
/// holds the whole boot. Lines written to the old files meanwhile are fetched by a second <see cref="Carry"/>.
/// </summary>
internal sealed class BootLogs
{
    private readonly Dictionary<string, long> _carried = new(StringComparer.Ordinal);
    private readonly string _from;
    private readonly string _to;

    /// <param name="from">The folder in memory.</param>
    /// <param name="to">The folder on the pool.</param>
    /// <param name="alreadyCopied">Whether the skeleton was copied just now, logs and all.</param>
    internal BootLogs(string from, string to, bool alreadyCopied)
    {
        (_from, _to) = (from, to);
        if (alreadyCopied && Directory.Exists(to))
        {
            foreach (var file in new DirectoryInfo(to).EnumerateFiles())
            {
                _carried[file.Name] = file.Length;
            }
        }
    }

    /// <summary>Appends what is new since the last time.</summary>
    internal void Carry()
    {
        if (!Directory.Exists(_from))
        {
            return;
        }
        Directory.CreateDirectory(_to);
        foreach (var file in new DirectoryInfo(_from).EnumerateFiles("*.log"))
        {
            using var source = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            long done = _carried.GetValueOrDefault(file.Name);
            if (source.Length <= done)
            {
                continue;
            }
            source.Position = done;
            using var target = new FileStream(
                Path.Combine(_to, file.Name), FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            source.CopyTo(target);
            _carried[file.Name] = source.Position;
        }
    }
}
