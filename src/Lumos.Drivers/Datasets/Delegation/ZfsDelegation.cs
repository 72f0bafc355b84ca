using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Linux.Mounts;
using Lumos.Linux.Namespaces;

namespace Lumos.Drivers.Datasets.Delegation;

// Purpose. A zone's own datasets: OpenZFS knows of each user namespace which datasets were given to it. Root of the namespace
// sees those and the names on the way to them, and changes those alone, through /dev/zfs.
//
// In the kernel. A list of (namespace, dataset), which holds the namespace until the dataset is taken back; so whoever unpins the
// namespace takes back first. Nothing of it outlives the machine's run: it is given anew at each boot of the zone.
//
// On disk. "zoned=on" keeps everybody but a namespace from mounting the dataset. Files bear the ids that the machine sees, not those of the
// zone: a file system that is mounted inside a namespace has no other view of them. So the files of a zone's dataset belong to the
// zone's range, and the property IdsProperty says to which range they were last given. A dataset that says another one, or
// nothing (a new one, one that came from another machine), is gone through once, before the zone sees it.
//
// Trust. The property is the tenant's to set, like all of the dataset; a lie makes its own files unreadable or its own boot slow.
// What zfs prints of the tenant's values is read as ZfsListing reads it.
//
// Failure. Cut short while owners change: the property is written last, and the next boot goes on. (decision 0012)

/// <inheritdoc cref="IDatasetDelegation"/>
public sealed class ZfsDelegation(string zfs = "zfs") : IDatasetDelegation
{
    /// <summary>Says to which range of ids a dataset's files belong: its first one.</summary>
    public const string IdsProperty = "org.lumos:first-id";

    /// <summary>Where a dataset is mounted while its owners change, each thread seeing its own.</summary>
    private const string WorkingPlace = "/run/lumos/owners";

    private const int Attempts = 25;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly ZfsDatasets _datasets = new(zfs);

    public void Give(DatasetName dataset, string userNamespace, uint firstId, uint count)
    {
        if (_datasets.DelegationFault is { } fault)
        {
            throw new DatasetException(DatasetException.FailedCode, dataset.Value, $"{dataset} cannot be given to a zone: {fault}");
        }
        var now = _datasets.GetProperties(dataset, "zoned", IdsProperty);
        if (now["zoned"] != "on")
        {
            _datasets.SetProperties(dataset, new Dictionary<string, string> { ["zoned"] = "on" });
        }
        string ids = firstId.ToString(CultureInfo.InvariantCulture);
        if (now[IdsProperty] != ids)
        {
            // What is encrypted and closed can be read by nobody here, let alone changed.
            foreach (var each in _datasets.List(dataset, DatasetKinds.FileSystem, null, ["keystatus"]).Where(d => d["keystatus"] != "unavailable"))
            {
                GiveFiles(each.Dataset, firstId, count);
            }
            _datasets.SetProperties(dataset, new Dictionary<string, string> { [IdsProperty] = ids });
        }
        var given = Tool.Run(zfs, "zone", userNamespace, dataset.Value);
        if (!given.Succeeded)
        {
            throw DatasetException.Failed(dataset.Value, "give to a zone", new ToolException(given));
        }
    }

    // Whether it was given zfs does not say; and when the namespace holds nobody any more, nobody has it.
    public void Take(DatasetName dataset, string userNamespace)
    {
        if (File.Exists(userNamespace))
        {
            _ = Tool.Run(zfs, "unzone", userNamespace, dataset.Value);
        }
    }

    private static void GiveFiles(DatasetName dataset, uint firstId, uint count)
    {
        Directory.CreateDirectory(WorkingPlace);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                Namespace.RunInOwnMounts(() =>
                {
                    Mount.At(dataset.Value, WorkingPlace, "zfs", MountFlags.NoDev | MountFlags.NoSuid | MountFlags.NoExec);
                    _ = OwnerRange.Give(WorkingPlace, firstId, count);
                });
                return;
            }
            catch (ErrnoException e) when (e.Errno == Errno.EBUSY && attempt < Attempts)
            {
                Thread.Sleep(Pause); // a zone that has just ended still has it mounted, for a moment
            }
            catch (ErrnoException e)
            {
                throw DatasetException.Failed(dataset.Value, "change the owners of", e);
            }
        }
    }
}
