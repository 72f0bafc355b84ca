using Lumos.Linux.Mounts;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>
/// The file system from its very top, which btrfs receive wants to see to find what an increment is based on. A pool that is
/// a directory of a file system may be mounted without what lies above it; then the whole is mounted aside meanwhile.
/// </summary>
internal sealed class BtrfsWholeView : IDisposable
{
    private readonly MountEntry _through;
    private readonly bool _aside;

    public BtrfsWholeView(string path)
    {
        _through = MountTable.Read()
            .Where(m => m.Target == "/" || path == m.Target || path.StartsWith(m.Target + "/", StringComparison.Ordinal))
            .MaxBy(m => (m.Target.Length, m.Id))!; // the last of those on the longest path is the one seen
        _aside = _through.Root != "/";
        Top = _aside ? Directory.CreateTempSubdirectory("lumos-receive-").FullName : _through.Target;
        if (_aside)
        {
            try
            {
                Mount.At(_through.Source, Top, "btrfs", MountFlags.None, "subvolid=5");
            }
            catch
            {
                Directory.Delete(Top);
                throw;
            }
        }
    }

    /// <summary>Where the top is mounted.</summary>
    public string Top { get; }

    /// <summary>A path of the pool, as it is called in this view.</summary>
    public string Of(string path) => _aside ? Top + _through.Root + path[_through.Target.TrimEnd('/').Length..] : path;

    public void Dispose()
    {
        if (_aside)
        {
            Mount.Detach(Top, lazily: true);
            Directory.Delete(Top);
        }
    }
}
