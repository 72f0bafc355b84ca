using Lumos.Drivers.Datasets;

namespace Lumos.Vm.Lifecycle;

/// <summary>Destroys the dataset of a VM that is no more.</summary>
public static class DatasetRemoval
{
    private const int Attempts = 25;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Destroys the root dataset of a VM and takes its mountpoint away, which stays where something other than ZFS made it.</summary>
    public static void DestroyZone(IDatasets datasets, DatasetName name, string zonePath)
    {
        Destroy(datasets, name);
        if (Directory.Exists(zonePath) && !Directory.EnumerateFileSystemEntries(zonePath).Any())
        {
            Directory.Delete(zonePath);
        }
    }

    /// <summary>Destroys a dataset with all below it; one that is not there is no error.</summary>
    /// <exception cref="DatasetException">DatasetHasClones, DatasetFailed.</exception>
    public static void Destroy(IDatasets datasets, DatasetName name)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                datasets.Destroy(name, recursive: true);
                return;
            }
            catch (DatasetException e) when (e.Code == DatasetException.NotFoundCode)
            {
                return;
            }
            catch (DatasetException e) when (e.Code == DatasetException.FailedCode && attempt < Attempts)
            {
                // The last process of the zone may be gone and its mount namespace not yet: the kernel frees that later,
                // and tells nobody when.
                Thread.Sleep(Pause);
            }
        }
    }
}
