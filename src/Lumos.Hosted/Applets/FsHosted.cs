using System.Text.Json.Nodes;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Core.Hosting;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Datasets.Btrfs;
using Lumos.Drivers.Hosting;
using Lumos.Drivers.Pools;
using Lumos.Drivers.Tools;
using Lumos.Hosted.Actions;
using Lumos.Hosted.Model;
using Lumos.Linux.Mounts;

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
                SystemPoolName.Keep(pool.Name);
                return ExitStatus.Success;
            case "stop":
                Close(pool, image);
                return ExitStatus.Success;
            case "facts":
                context.Out.WriteLine(Facts(pool).ToJsonString());
                return ExitStatus.Success;
            default:
                throw new UsageException("usage: fs-hosted start|stop|facts");
        }
    }

    /// <summary>What "lumos-host status", which looks from outside, tells of the pool.</summary>
    private static JsonObject Facts(HostedPool pool)
    {
        var facts = MachinePools.Open().List().FirstOrDefault(p => p.Name == pool.Name)
            ?? throw new LumosException("PoolNotFound", $"the pool {pool.Name} is not open");
        return new JsonObject { ["size"] = facts.Size, ["free"] = facts.Free, ["health"] = facts.Health };
    }

    private static void Open(HostedPool pool, string image)
    {
        if (pool.Kind == PoolSetup.Btrfs)
        {
            Btrfs(pool, image, adopt: true).Open();
            return;
        }
        if (new Zpool().List().All(p => p.Name != pool.Name))
        {
            // The kernel's own threads open the file, by a path of the first mount namespace: the label must have no other.
            Tool.Run("nsenter", "--target", "1", "--mount", "--", "zpool", "import", "-N", "-d", image[HostedPaths.HostView.Length..], "-o", "cachefile=none", pool.Name).OrThrow();
        }
        var datasets = new ZfsDatasets();
        if (File.Exists(image))
        {
            datasets.SetProperties(DatasetName.Parse(pool.Name), new Dictionary<string, string> { ["mountpoint"] = "/" + pool.Name });
        }
        foreach (var entry in datasets.List(DatasetName.Parse(pool.Name), DatasetKinds.FileSystem, null, ["canmount", "mountpoint"])
            .Where(e => e["canmount"] == "on" && e["mountpoint"]!.StartsWith('/')))
        {
            datasets.Mount(entry.Dataset);
        }
    }

    private static void Close(HostedPool pool, string image)
    {
        if (pool.Kind == PoolSetup.Btrfs)
        {
            Btrfs(pool, image, adopt: false).Close();
        }
        else if (File.Exists(image))
        {
            new ZfsDatasets().Unmount(DatasetName.Parse(pool.Name), force: true);
            new Zpool().Export(pool.Name);
        }
    }

    // A folder that was given is reached by a link in the image's place, which means a path of the host's.
    private static BtrfsPool Btrfs(HostedPool pool, string image, bool adopt)
    {
        if (new FileInfo(image).LinkTarget is not { } folder)
        {
            return new BtrfsPool(pool.Name, pool.Root, image, note: Console.Error.WriteLine);
        }
        if (adopt && !MountTable.IsMounted(pool.Root))
        {
            Directory.CreateDirectory(pool.Root);
            Mount.Bind(HostedPaths.HostView + folder, pool.Root);
        }
        return new BtrfsPool(pool.Name, pool.Root, note: Console.Error.WriteLine);
    }
}
