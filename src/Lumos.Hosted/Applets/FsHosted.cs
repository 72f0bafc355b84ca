using Lumos.Cli;
using Lumos.Core;
using Lumos.Core.Hosting;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Hosting;
using Lumos.Drivers.Pools;
using Lumos.Drivers.Tools;
using Lumos.Hosted.Actions;
using Lumos.Hosted.Model;

namespace Lumos.Hosted.Applets;

/// <summary>The method of svc:/system/filesystem/smartdc in a hosted global zone: opens the pool in our mount namespace, and closes it.</summary>
internal static class FsHosted
{
    internal static int Run(AppletContext context)
    {
        var config = HostedFile.Load()
            ?? throw new LumosException("NotHosted", $"this is no hosted global zone: there is no {HostedConfig.Path}", exitStatus: 95);
        var pool = config.Pool
            ?? throw new LumosException("BadHostedConfig", $"{HostedConfig.Path} says nothing of a pool", exitStatus: 95);
        string prefix = File.ReadAllText(HostedPaths.InsideMark).Trim();
        string image = HostedPaths.HostView + new HostedPaths(prefix, config.Name).PoolImage;
        switch (context.Args is [var verb] ? verb : "")
        {
            case "start":
                Open(pool, image);
                return ExitStatus.Success;
            case "stop":
                Close(pool, image);
                return ExitStatus.Success;
            default:
                throw new UsageException("usage: fs-hosted start|stop");
        }
    }

    private static void Open(HostedPool pool, string image)
    {
        var datasets = MachineDatasets.Open();
        if (pool.Kind == PoolSetup.Btrfs)
        {
            BtrfsPool.Mount(image, pool.Root);
        }
        else if (new Zpool().List().All(p => p.Name != pool.Name))
        {
            Tool.Run("zpool", "import", "-N", "-d", image, "-o", "cachefile=none", pool.Name).OrThrow();
            datasets.SetProperties(DatasetName.Parse(pool.Name), new Dictionary<string, string> { ["mountpoint"] = "/" + pool.Name });
        }
        datasets.Mount(DatasetName.Parse(pool.Name));
        foreach (var entry in datasets.List(DatasetName.Parse(pool.Name), DatasetKinds.FileSystem, null, ["canmount", "mountpoint"])
            .Where(e => e["canmount"] is "on" or null && e["mountpoint"] is { } place && place.StartsWith('/')))
        {
            datasets.Mount(entry.Dataset);
        }
    }

    private static void Close(HostedPool pool, string image)
    {
        MachineDatasets.Open().Unmount(DatasetName.Parse(pool.Name), force: true);
        if (pool.Kind == PoolSetup.Btrfs)
        {
            BtrfsPool.Unmount(pool.Root);
        }
        else if (File.Exists(image))
        {
            new Zpool().Export(pool.Name);
        }
    }
}
