using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Files;
using Lumos.Zones.Config;

namespace Lumos.Zones.Administration;

/// <summary>How to install a zone.</summary>
/// <param name="Image">Its image's uuid; null: what the configuration's attr dataset-uuid says.</param>
/// <param name="QuotaGiB">Null or 0: none.</param>
/// <param name="Uuid">The uuid it is to have; null: the one it has.</param>
public sealed record InstallOptions(string? Image, long? QuotaGiB, string? Uuid);

// Purpose. The subcommands of zoneadm that give a configured zone its files and take them away: install, clone, attach; uninstall,
// detach, mark. A zone made so is a VM like any other: vmadm lists, starts, stops, changes and deletes it.
//
// On disk. The root is a clone of an image's snapshot (or of another zone's) at /POOL/NAME, as vmadm makes it; the attr
// dataset-uuid names the image. State incomplete spans the making; with it goes the attr keep-incomplete, so that vmadmd, which
// clears away what vmadm left half made, leaves alone what zoneadm says is incomplete: uninstall is the way out, as on SmartOS.
//
// Locks. All under the lock that vmadm takes for the same zone. Failure undoes last-first and leaves the zone configured.
//
// Tests. ZoneInstallerTests over datasets in memory; Host/InstalledZoneHostTests boots what was installed.

/// <summary>Gives zones their files and takes them away.</summary>
/// <param name="say">Gets sentences about what went wrong without failing the whole.</param>
public sealed partial class ZoneInstaller(ZoneLayout layout, IZoneRuntime runtime, IDatasets datasets, Action<string> say)
{
    /// <summary>The snapshot of an image's dataset that zones are clones of.</summary>
    private const string ImageSnapshot = "final";

    private readonly ZoneConfigStore _store = new(layout);

    /// <exception cref="LumosException">WrongState, ImageNotInstalled, InvalidZonePath …; the zone is as it was.</exception>
    public void Install(ZoneName name, InstallOptions options)
    {
        using var held = Lock(name);
        var (config, _) = Require(name, "install", ZoneState.Configured);
        RefuseMachine(config);
        if (options.Uuid is { } uuid)
        {
            config = _store.Commit(config, Core.Uuid.Parse(uuid).ToString(), config);
        }
        string image = options.Image ?? config.Attr(ZoneAttrNames.ImageUuid)
            ?? throw new UsageException($"install needs -t IMAGE: zone '{name}' has no attr {ZoneAttrNames.ImageUuid} that names one");
        var dataset = ZoneDatasets.Required(config, layout.MountRoot);
        if (!DatasetName.TryParse($"{dataset.Pool}/{image}", out var source) || !datasets.Exists(source.At(ImageSnapshot)))
        {
            throw new LumosException("ImageNotInstalled", $"image {image} is not installed in pool {dataset.Pool}; \"imgadm import {image}\" installs it");
        }
        MakeRoot(config.WithAttr(ZoneAttrNames.ImageUuid, image), source.At(ImageSnapshot), dataset, options.QuotaGiB);
    }

    /// <summary>Makes a zone's root of another zone's.</summary>
    /// <param name="snapshot">A snapshot of the other's dataset, which may be up then: the snapshot stands still. Null: one is taken.</param>
    public void Clone(ZoneName name, ZoneName from, string? snapshot)
    {
        using var held = Lock(name);
        var (config, _) = Require(name, "clone", ZoneState.Configured);
        RefuseMachine(config);
        ZoneState[] whole = snapshot is null
            ? [ZoneState.Installed]
            : [ZoneState.Installed, ZoneState.Ready, ZoneState.Running, ZoneState.ShuttingDown, ZoneState.Down];
        var (other, _) = Require(from, $"clone '{name}' from it", whole);
        var dataset = ZoneDatasets.Required(config, layout.MountRoot);
        var source = ZoneDatasets.Required(other, layout.MountRoot);
        if (source.Pool != dataset.Pool)
        {
            throw new LumosException("OtherPool", $"zone '{from}' is in pool {source.Pool} and '{name}' is to be in {dataset.Pool}; a clone stays in its pool");
        }
        if (other.Brand != config.Brand)
        {
            throw new LumosException("OtherBrand", $"zone '{from}' has brand {other.Brand} and '{name}' has {config.Brand}");
        }
        using var undo = new UndoStack(say);
        SnapshotName origin;
        if (snapshot is not null)
        {
            origin = SnapshotName.Parse(snapshot);
            if (origin.Dataset != source || !datasets.Exists(origin))
            {
                throw new LumosException("NoSuchSnapshot", $"{snapshot} is not a snapshot of zone '{from}' ({source}@…)");
            }
        }
        else
        {
            origin = source.At(CloneSnapshot + name.Text);
            datasets.Snapshot(origin);
            undo.Push($"snapshot {origin}", () => datasets.DestroySnapshot(origin));
        }
        MakeRoot(config.WithAttr(ZoneAttrNames.ImageUuid, other.Attr(ZoneAttrNames.ImageUuid)), origin, dataset, null);
        undo.Commit();
    }

    /// <summary>Destroys a zone's files; the zone is configured then.</summary>
    public void Uninstall(ZoneName name)
    {
        using var held = Lock(name);
        var (config, entry) = Require(name, "uninstall", ZoneState.Installed, ZoneState.Incomplete);
        ZoneProtection.RequireDestructible(config, entry.Uuid.Length > 0 ? entry.Uuid : name.Text, "uninstall");
        var dataset = ZoneDatasets.Of(config, layout.MountRoot);
        string? origin = dataset is not null && datasets.Exists(dataset) ? datasets.GetProperties(dataset, "origin")["origin"] : null;
        Begin(config);
        if (dataset is not null)
        {
            ZoneDatasets.Destroy(datasets, dataset, config.ZonePath);
        }
        // The snapshot that clone took for this zone alone.
        if (origin is not null && SnapshotName.TryParse(origin, out var taken) && taken.Name == CloneSnapshot + name.Text)
        {
            datasets.DestroySnapshot(taken);
        }
        End(config, ZoneState.Configured);
    }

    /// <summary>Says that an installed zone is not to be used any more; uninstall alone undoes it.</summary>
    public void MarkIncomplete(ZoneName name)
    {
        using var held = Lock(name);
        Begin(Require(name, "mark", ZoneState.Installed).Config);
    }

    private const string CloneSnapshot = "zoneadm-";

    private void MakeRoot(ZoneConfig config, SnapshotName source, DatasetName dataset, long? quotaGiB)
    {
        if (datasets.Exists(dataset))
        {
            throw new LumosException("DatasetExists", File.Exists(Path.Combine(config.ZonePath, DetachedFile))
                ? $"zone '{config.Name}' was detached; \"zoneadm -z {config.Name} attach\" takes its files up"
                : $"dataset {dataset} exists already and is not to be overwritten");
        }
        using var undo = new UndoStack(say);
        Begin(config);
        undo.Push($"state of zone '{config.Name}'", () => End(config, ZoneState.Configured));
        datasets.Clone(source, dataset, new Dictionary<string, string>
        {
            ["mountpoint"] = config.ZonePath,
            ["canmount"] = "on",
            ["devices"] = "off",
            ["quota"] = quotaGiB is > 0 and { } quota ? (quota << 30).ToString(CultureInfo.InvariantCulture) : "none",
        });
        undo.Push($"dataset {dataset}", () => ZoneDatasets.Destroy(datasets, dataset, config.ZonePath));
        datasets.Mount(dataset);
        PrepareFolders(config);
        End(config, ZoneState.Installed);
        undo.Commit();
    }

    private void PrepareFolders(ZoneConfig config)
    {
        const UnixFileMode RootOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        foreach (string removed in ZoneFolder.RemoveWhatLeadsAway(config.ZonePath))
        {
            say($"removed {removed}: it is neither a file nor a directory, and could lead out of the zone");
        }
        if (!Directory.Exists(Path.Combine(config.ZonePath, "root")))
        {
            throw new LumosException("NoRoot", $"{config.ZonePath} holds no directory \"root\", so no zone can be made of it");
        }
        // What a tenant makes setuid in its root must not be reachable for the other accounts of the global zone.
        File.SetUnixFileMode(config.ZonePath, RootOnly);
        foreach (string folder in (string[])["config", "cores", "logs"])
        {
            Directory.CreateDirectory(Path.Combine(config.ZonePath, folder), RootOnly);
        }
    }

    private void Begin(ZoneConfig config)
    {
        _store.Save(config.WithAttr(ZoneAttrNames.KeepIncomplete, "true", "boolean"));
        _store.SetState(config.Name, ZoneState.Incomplete);
    }

    private void End(ZoneConfig config, ZoneState state)
    {
        _store.SetState(config.Name, state);
        _store.Save(config.WithAttr(ZoneAttrNames.KeepIncomplete, null));
    }

    // The zone's configuration, when it is in one of these states.
    private (ZoneConfig Config, ZoneIndexEntry Entry) Require(ZoneName name, string what, params ZoneState[] states)
    {
        var state = runtime.Status(name).State;
        if (!states.Contains(state))
        {
            throw new LumosException("WrongState", $"zone '{name}' is {state.Word}; {what} is for zones that are {string.Join(" or ", states.Select(s => s.Word))}");
        }
        return (_store.Load(name), _store.ReadIndex().Find(name)!);
    }

    // Its disks would be missing: they are made by vmadm, of what only vmadm is told.
    private static void RefuseMachine(ZoneConfig config)
    {
        if (config.Brand.IsHvm)
        {
            throw new LumosException("NotSupported", $"zone '{config.Name}' has brand {config.Brand}: hardware virtual machines are made by \"vmadm create\"");
        }
    }

    private FileLock Lock(ZoneName name)
    {
        var entry = _store.ReadIndex().Find(name) ?? throw new LumosException("ZoneNotConfigured", $"zone '{name}' is not configured");
        return FileLock.Acquire(layout.VmLock(entry.Uuid.Length > 0 ? entry.Uuid : name.Text), onWait: say);
    }
}
