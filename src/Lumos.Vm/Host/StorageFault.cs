using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Oci;
using Lumos.Drivers.Tools;
using Lumos.Linux;

namespace Lumos.Vm.Host;

/// <summary>
/// What the storage has to do with a failure, in a sentence with the way out: a VM at its quota, a pool that is full or read-only. The kernel
/// says no more than "no space left", and that of a file whose pool nobody knows by its path; so after a failure we look.
/// </summary>
public static class StorageFault
{
    /// <summary>What is left when nothing can be done with it any more: a change takes some records, and each of them a block on every disk.</summary>
    private const long Crumbs = 4L << 20;

    /// <param name="uuid">Of the VM that was to be changed, where one is known.</param>
    /// <returns>Null: it is not the storage's doing, or it could not be looked at.</returns>
    public static string? Of(Exception error, VmHost host, string? uuid)
    {
        var chain = Chain(error).ToList();
        bool refused = chain.OfType<IOException>().Any(e => e.HResult is Errno.ENOSPC or Errno.EDQUOT or Errno.EROFS);
        // A tool or a zone's monitor has no number for what it met.
        if (chain.Any(e => e is LumosException { Code: "NoRoom" }))
        {
            return null; // it says so itself
        }
        if (!refused && !chain.Any(e => e is ToolException or LumosException { Code: DatasetException.FailedCode or Conmon.NotCreated }))
        {
            return null;
        }
        try
        {
            var vm = uuid is null ? null : host.Loader.Load(uuid)?.Spec;
            if (vm is not null && OfQuota(host.Datasets, vm) is { } quota)
            {
                return quota;
            }
            string[] concerned = [.. chain.OfType<DatasetException>().Select(e => e.DatasetName.Split('/', '@')[0]), .. vm is null ? [] : new[] { vm.Zpool }];
            return host.Datasets.List(null, DatasetKinds.FileSystem, depth: 0, ["available", "readonly"])
                .Where(pool => refused || concerned.Contains(pool.Name))
                .OrderBy(pool => !concerned.Contains(pool.Name))
                .Select(OfPool).FirstOrDefault(fault => fault is not null);
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            return null;
        }
    }

    private static string? OfQuota(IDatasets datasets, VmSpec vm)
    {
        var dataset = DatasetName.Parse(vm.RootDataset);
        if (!datasets.Exists(dataset))
        {
            return null;
        }
        var now = datasets.List(dataset, DatasetKinds.Live, 0, ["quota", "used"])[0];
        return now.Number("quota") is > 0 and var quota && now.Number("used") is { } used && quota - used < Crumbs
            ? $"VM {vm.Text("uuid")} has used up its quota of {new ByteCount(quota)}: remove files in it, delete snapshots of it, or \"vmadm update {vm.Text("uuid")} quota=GIBIBYTES\" gives it more"
            : null;
    }

    private static string? OfPool(DatasetEntry pool) =>
        pool["readonly"] == "on"
            ? $"pool {pool.Name} is read-only: \"zpool export {pool.Name}\" and \"zpool import {pool.Name}\" make it writable, where it was imported so"
            : pool.Number("available") is { } left && left < Crumbs
                ? $"pool {pool.Name} is full ({new ByteCount(left)} left): delete snapshots, VMs or images, or add disks with \"zpool add\""
                : null;

    private static IEnumerable<Exception> Chain(Exception error)
    {
        for (Exception? e = error; e is not null; e = e.InnerException)
        {
            yield return e;
        }
    }
}
