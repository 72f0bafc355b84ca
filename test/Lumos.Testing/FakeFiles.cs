using Lumos.Linux.Files;

namespace Lumos.Testing;

/// <summary>The files of <see cref="FakeDatasets"/>: those of a dataset are where its mountpoint says; a snapshot is a copy of them.</summary>
internal sealed class FakeFiles : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-snapshots-").FullName;
    private readonly Dictionary<object, string> _hidden = [];

    public string Of(long snapshot) => Path.Combine(_folder, $"{snapshot}");

    public void Keep(long snapshot, string? mountpoint)
    {
        // Only below a test's own folder: a dataset without a mountpoint of its own would mean the machine's.
        if (Directory.Exists(mountpoint) && mountpoint.StartsWith(Path.GetTempPath(), StringComparison.Ordinal))
        {
            TreeCopy.Copy(mountpoint, Of(snapshot));
        }
    }

    /// <summary>What is at a mountpoint is not seen there any more; the directory stays.</summary>
    public void Hide(object dataset, string? mountpoint)
    {
        if (Directory.Exists(mountpoint) && mountpoint.StartsWith(Path.GetTempPath(), StringComparison.Ordinal))
        {
            _hidden[dataset] = Path.Combine(_folder, $"hidden-{Guid.NewGuid()}");
            Directory.Move(mountpoint, _hidden[dataset]);
            Directory.CreateDirectory(mountpoint);
        }
    }

    /// <summary>Shows at a mountpoint, which has to be empty, what was hidden.</summary>
    public void Show(object dataset, string? mountpoint)
    {
        if (mountpoint is not null && _hidden.Remove(dataset, out string? hidden))
        {
            if (Directory.Exists(mountpoint))
            {
                Directory.Delete(mountpoint);
            }
            Directory.Move(hidden, mountpoint);
        }
    }

    public void Drop(object dataset)
    {
        if (_hidden.Remove(dataset, out string? hidden))
        {
            Directory.Delete(hidden, recursive: true);
        }
    }

    public void Forget(long snapshot)
    {
        if (Directory.Exists(Of(snapshot)))
        {
            Directory.Delete(Of(snapshot), recursive: true);
        }
    }

    /// <summary>Makes what is at a mountpoint what the snapshot holds.</summary>
    public void Restore(long snapshot, string? mountpoint)
    {
        if (mountpoint is null || !Directory.Exists(Of(snapshot)))
        {
            return;
        }
        Directory.CreateDirectory(mountpoint);
        TreeCopy.RemoveContent(mountpoint);
        TreeCopy.Copy(Of(snapshot), mountpoint);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
