using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Zones.Config;

namespace Lumos.Zones.Administration;

/// <summary>The dataset a zone lies in. Its zonepath is /POOL/NAME, where NAME is the zone's.</summary>
public static class ZoneDatasets
{
    private const int Attempts = 25;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Null: the zonepath is not one.</summary>
    public static DatasetName? Of(ZoneConfig zone, string mountRoot)
    {
        string prefix = mountRoot + "/";
        return zone.ZonePath.StartsWith(prefix, StringComparison.Ordinal) && DatasetName.TryParse(zone.ZonePath[prefix.Length..], out var name)
            && name.Leaf == zone.Name.Text && name.Parent is { Parent: null }
            ? name
            : null;
    }

    /// <exception cref="LumosException">InvalidZonePath</exception>
    public static DatasetName Required(ZoneConfig zone, string mountRoot) => Of(zone, mountRoot) ?? throw new LumosException("InvalidZonePath",
        $"zone '{zone.Name}': zonepath {zone.ZonePath} is not /POOL/{zone.Name}; \"zonecfg -z {zone.Name} set zonepath=/zones/{zone.Name}\" sets it");

    /// <summary>Mounts what a boot of the machine, or an unmount, has left unmounted.</summary>
    public static void Mount(IDatasets datasets, ZoneConfig zone, string mountRoot) => MountWhenMissing(() => datasets, zone, mountRoot);

    /// <summary>The same, without a look at datasets when the zone's root is there.</summary>
    public static void MountWhenMissing(Func<IDatasets> datasets, ZoneConfig zone, string mountRoot)
    {
        if (!Directory.Exists(Path.Combine(zone.ZonePath, "root")) && Of(zone, mountRoot) is { } name
            && datasets() is { } all && all.Exists(name))
        {
            all.Mount(name);
        }
    }

    /// <summary>Destroys a zone's dataset with all below it, and takes its mountpoint away where something else made it.</summary>
    /// <exception cref="DatasetException">DatasetHasClones, DatasetFailed.</exception>
    public static void Destroy(IDatasets datasets, DatasetName name, string zonePath)
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
        try
        {
            Patiently(() => datasets.Destroy(name, recursive: true));
        }
        catch (DatasetException e) when (e.Code == DatasetException.NotFoundCode)
        {
            // somebody was here before
        }
    }

    /// <summary>Does what a dataset in use forbids, again and again for some seconds.</summary>
    public static void Patiently(Action change)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                change();
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
