using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Core.Configuration;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Files;
using Lumos.Drivers.Notices;
using Lumos.Drivers.Pools;
using Lumos.Node.Host;

namespace Lumos.Node.FileSystems;

/// <summary>
/// Puts what persists in its place, from the system's pool. Can be called again: what is mounted already stays as it is.
/// The four datasets and the swap volume that make a LumOS system are required; a missing one is named and stops the boot
/// step. Everything else that fails (a zone's dataset, swap) is told and the boot goes on.
/// </summary>
internal sealed class PersistentMounts(IDatasets datasets, INodeHost host, BootNotes notes, MountPaths paths)
{
    private static readonly Dictionary<string, string> SwapProperties = new()
    {
        // The data is of no use to any cache, and what is paged out must be on the disk before its memory is reused.
        ["primarycache"] = "metadata",
        ["secondarycache"] = "none",
        ["sync"] = "always",
    };

    /// <summary>
    /// What the records of VMs (/etc/zones) are made with, and given at a boot that finds them without: room of their own, so that on a pool
    /// that is full VMs can still be stopped, changed and deleted, which is the way out of it. Enough for some thousands.
    /// </summary>
    internal static IReadOnlyDictionary<string, string> ConfigProperties { get; } = new Dictionary<string, string> { ["refreservation"] = $"{64L << 20}" };

    /// <summary>Mounts all; with <paramref name="log"/> the service logs of this boot move along.</summary>
    internal void MountAll(SystemPool pool, BootArguments boot)
    {
        string stage = Path.Combine(paths.Run, "image");
        bool varIsNew = !host.IsMountPoint(paths.Var);
        BootLogs? logs = null;
        if (varIsNew)
        {
            // Once /var is covered, the image's own is seen only through a second mount of the root.
            host.Bind(paths.Root, stage);
        }
        try
        {
            if (varIsNew)
            {
                logs = MountVar(pool, Path.Combine(stage, "var"));
            }
            MountLegacy(pool, "usbkey", paths.UsbKey);
            MountLegacy(pool, "config", paths.Zones);
            KeepRoom(pool);
            MountLegacy(pool, "opt", paths.Opt);
            MountShadow(boot);
            MountSsh();
            MountTheRest(pool);
            StartSwap(pool);
            KeepCores(pool);
        }
        finally
        {
            if (varIsNew)
            {
                logs?.Carry();
                host.Unmount(stage);
            }
        }
    }

    /// <summary>The properties a swap volume is made with, and given again at each boot.</summary>
    internal static IReadOnlyDictionary<string, string> SwapVolumeProperties => SwapProperties;

    private BootLogs MountVar(SystemPool pool, string image)
    {
        // Seeded aside, so that nobody ever sees a /var that lacks half of its directories.
        string aside = Path.Combine(paths.Run, "var");
        Require(pool, "var", () => host.Mount(pool.Dataset("var").Value, aside, "zfs"), aside);
        bool logsCopied;
        try
        {
            var copied = VarSkeleton.Seed(image, aside, host);
            string logFolder = Path.Combine(aside, "svc/log");
            logsCopied = copied.Any(c => logFolder == c || logFolder.StartsWith(c + "/", StringComparison.Ordinal));
        }
        finally
        {
            host.Unmount(aside);
        }
        Require(pool, "var", () => host.Mount(pool.Dataset("var").Value, paths.Var, "zfs"), paths.Var);
        var logs = new BootLogs(Path.Combine(image, "svc/log"), Path.Combine(paths.Var, "svc/log"), logsCopied);
        logs.Carry();
        return logs;
    }

    private void MountLegacy(SystemPool pool, string dataset, string target)
    {
        if (!host.IsMountPoint(target))
        {
            Require(pool, dataset, () => host.Mount(pool.Dataset(dataset).Value, target, "zfs"), target);
        }
    }

    private void KeepRoom(SystemPool pool)
    {
        var config = pool.Dataset("config");
        try
        {
            if (datasets.GetProperties(config, "refreservation")["refreservation"] is null or "0" or "none" or "-")
            {
                datasets.SetProperties(config, ConfigProperties);
            }
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            notes.Say($"{config} has no room of its own: on a full pool VMs cannot be changed or deleted: {LumosException.Describe(e)}");
        }
    }

    private static void Require(SystemPool pool, string dataset, Action mount, string target)
    {
        try
        {
            mount();
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            string name = pool.Dataset(dataset).Value;
            throw new LumosException("CannotMount",
                $"cannot mount {name} on {target}; look at \"zfs list {name}\" and \"zpool status {pool.Name}\", mend it, "
                + "then \"svcadm clear filesystem/smartdc\"; nothing was changed on the pool", inner: e);
        }
    }

    /// <summary>/usbkey/shadow over /etc/shadow, with the image's new accounts and root_shadow worked in first.</summary>
    private void MountShadow(BootArguments boot)
    {
        string kept = Path.Combine(paths.UsbKey, "shadow"), shadow = Path.Combine(paths.Etc, "shadow");
        if (!File.Exists(kept) || host.IsMountPoint(shadow))
        {
            return;
        }
        string before = File.ReadAllText(kept);
        string after = ShadowFile.Merge(before, File.Exists(shadow) ? File.ReadAllText(shadow) : "");
        if (RootShadow(boot) is { } hash)
        {
            after = ShadowFile.WithHash(after, "root", hash, DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86400);
        }
        if (after != before)
        {
            AtomicFile.Write(kept, after, Settings.Modes.ReadableByRoot);
        }
        host.Bind(kept, shadow);
    }

    private string? RootShadow(BootArguments boot)
    {
        string? hash = boot["root_shadow"];
        string file = Path.Combine(paths.UsbKey, "config");
        try
        {
            hash ??= File.Exists(file) ? ShellConfig.Parse(File.ReadAllText(file), file).NonEmpty("root_shadow") : null;
        }
        catch (LumosException e)
        {
            notes.Announce($"root_shadow is not looked up: {e.Message}");
        }
        if (hash is not null && !ShadowFile.IsHash(hash))
        {
            notes.Announce("root_shadow is ignored: it is not a password hash such as \"$6$…\"");
            return null;
        }
        return hash;
    }

    /// <summary>/usbkey/ssh over /etc/ssh; files that the image has and it has not are copied, missing host keys made.</summary>
    private void MountSsh()
    {
        string kept = Path.Combine(paths.UsbKey, "ssh"), ssh = Path.Combine(paths.Etc, "ssh");
        if (!Directory.Exists(kept) || host.IsMountPoint(ssh))
        {
            return;
        }
        CopyMissing(ssh, kept);
        host.MakeHostKeys(kept);
        host.Bind(kept, ssh);
    }

    /// <summary>Copies what the folder lacks, except host keys: those of the image in memory are not the machine's.</summary>
    internal void CopyMissing(string from, string to)
    {
        if (!Directory.Exists(from))
        {
            return;
        }
        foreach (string entry in Directory.EnumerateFileSystemEntries(from))
        {
            string name = Path.GetFileName(entry), target = Path.Combine(to, name);
            if (!Path.Exists(target) && !name.StartsWith("ssh_host_", StringComparison.Ordinal))
            {
                host.CopyTree(entry, target);
            }
        }
    }

    /// <summary>
    /// Zones, images and whatever else mounts itself. Of the system's pool everything; of other pools only what stays below
    /// /POOL, so that a pool brought over from another system cannot cover ours.
    /// </summary>
    private void MountTheRest(SystemPool pool)
    {
        var all = datasets.List(null, DatasetKinds.FileSystem, null, ["mountpoint", "canmount", "mounted", "zoned"]);
        foreach (var entry in all)
        {
            string mountpoint = entry.Properties["mountpoint"] ?? "none";
            string name = entry.Dataset.Value, home = "/" + entry.Dataset.Pool;
            if (mountpoint is "none" or "legacy" or "-" || entry.Properties["mounted"] == "yes"
                || entry.Properties["zoned"] == "on" || entry.Properties["canmount"] != "on")
            {
                continue;
            }
            if (mountpoint != home && !mountpoint.StartsWith(home + "/", StringComparison.Ordinal))
            {
                notes.Say($"{name} is not mounted: its mountpoint {mountpoint} lies outside of {home}; \"zfs mount {name}\" does it");
                continue;
            }
            try
            {
                datasets.Mount(entry.Dataset);
            }
            catch (LumosException e)
            {
                notes.Announce($"{LumosException.Describe(e)}; the boot goes on without it");
            }
        }
        notes.Say($"the system's pool is {pool.Name}");
    }

    private void StartSwap(SystemPool pool)
    {
        var swap = pool.Dataset("swap");
        string device = $"/dev/zvol/{swap.Value}";
        try
        {
            if (!datasets.Exists(swap))
            {
                notes.Say($"there is no volume {swap.Value}; the machine runs without swap");
                return;
            }
            datasets.SetProperties(swap, SwapProperties);
            if (!host.WaitForDevice(device))
            {
                notes.Announce($"{device} did not appear; the machine runs without swap");
                return;
            }
            host.SwapOn(device);
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            notes.Announce($"no swap on {device}: {LumosException.Describe(e)}; the boot goes on without it");
        }
    }

    private void KeepCores(SystemPool pool)
    {
        string folder = Path.Combine(pool.Mountpoint, "global/cores");
        if (!Directory.Exists(folder))
        {
            return;
        }
        try
        {
            // The path is looked up in the root of the process that died, so a zone's cores never come here.
            File.WriteAllText(paths.CorePattern, Path.Combine(folder, "core.%e.%p.%t"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            notes.Say($"core dumps are not kept in {folder}: {e.Message}");
        }
    }
}

/// <summary>The places that are mounted over; tests use a tree of their own.</summary>
internal sealed record MountPaths
{
    public string Root { get; init; } = "/";

    public string Run { get; init; } = "/run/lumos/boot";

    public string SystemPool { get; init; } = SystemPoolName.Path;

    public string Var { get; init; } = "/var";

    public string Opt { get; init; } = "/opt";

    public string UsbKey { get; init; } = "/usbkey";

    public string Zones { get; init; } = "/etc/zones";

    public string Etc { get; init; } = "/etc";

    public string CorePattern { get; init; } = "/proc/sys/kernel/core_pattern";
}
