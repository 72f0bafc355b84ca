using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Files;
using Lumos.Drivers.Pools;
using Lumos.Vm.Info;
using Lumos.Vm.Payload;
using Lumos.Zones;
using Lumos.Zones.Checkpoints;
using Lumos.Zones.Config;

namespace Lumos.Vm.Host;

/// <summary>Images and nic tags of the machine, as the domains next door know them.</summary>
public interface INeighbours
{
    /// <summary>An image that can be cloned on a pool; null: there is none of that uuid.</summary>
    ImageFacts? Image(string pool, Uuid uuid);

    ImmutableDictionary<string, NicTagFacts> NicTags();

    /// <summary>A VM was made, changed or deleted: whoever gives out addresses and names looks at its NICs again.</summary>
    void LookAtNics(string uuid);
}

/// <summary>
/// Everything that vmadm and its daemons act through, put together once. Tests put together another one: a folder of their
/// own, datasets in memory, a runtime with behaviour.
/// </summary>
public sealed class VmHost
{
    public VmHost(ZoneLayout layout, IZoneRuntime runtime, IDatasets datasets, INeighbours neighbours, HostIdentity identity, string infoSocket)
    {
        Layout = layout;
        Zones = new ZoneConfigStore(layout);
        Runtime = runtime;
        Datasets = datasets;
        Neighbours = neighbours;
        Loader = new VmLoader(layout, runtime, datasets, identity);
        InfoSocket = infoSocket;
        Unfinished = new Lifecycle.UnfinishedNotes(layout);
    }

    public ZoneLayout Layout { get; }

    public ZoneConfigStore Zones { get; }

    public IZoneRuntime Runtime { get; }

    public IDatasets Datasets { get; }

    public INeighbours Neighbours { get; }

    /// <summary>What zones see of their own snapshots.</summary>
    public ZoneCheckpoints Checkpoints => new(Layout, Datasets, Say);

    public VmLoader Loader { get; }

    /// <summary>What is to be finished when it is cut short.</summary>
    public Lifecycle.UnfinishedNotes Unfinished { get; }

    /// <summary>Where vminfod listens.</summary>
    public string InfoSocket { get; }

    /// <summary>In front of every mountpoint; empty but in tests.</summary>
    public string MountRoot { get; init; } = "";

    /// <summary>The pool of VMs that name none, and of archives.</summary>
    public string SystemPool { get; init; } = SystemPoolName.Usual;

    /// <summary>Why no hardware VM can run here, as the end of a sentence; null: one can.</summary>
    public string? MachineFault { get; init; }

    public IIdentities Identities { get; init; } = new RandomIdentities();

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Status lines for the user, or the log of a daemon.</summary>
    public Action<string> Say { get; init; } = _ => { };

    /// <summary>Where each run of vmadm that changes something leaves its log.</summary>
    public string AuditFolder { get; init; } = "/var/log/vm/logs";

    /// <summary>What is done, step by step, for the log of the run: set by the command that keeps one.</summary>
    public Action<string> Trace { get; set; } = _ => { };

    /// <summary>
    /// The lock of one VM: held by whoever changes it, released by the kernel when the holder ends. What a holder that was killed left
    /// unfinished is settled first.
    /// </summary>
    /// <param name="uuid">Of the VM.</param>
    /// <param name="timeout">Null waits for ever.</param>
    /// <param name="quietly">Nobody is told for whom we wait.</param>
    /// <exception cref="LumosException">LockTimeout; or why it cannot be finished.</exception>
    public FileLock Lock(string uuid, TimeSpan? timeout = null, bool quietly = false)
    {
        var held = LockAsItIs(uuid, timeout, quietly);
        try
        {
            new Lifecycle.Recovery(this).Finish(uuid);
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The same for whoever wants the VM gone, finished or not.</summary>
    /// <exception cref="LumosException">LockTimeout.</exception>
    public FileLock LockAsItIs(string uuid, TimeSpan? timeout = null, bool quietly = false) =>
        FileLock.Acquire(Path.Combine(Layout.Locks, $"vm.{uuid}.lock"), timeout, quietly || timeout == TimeSpan.Zero ? null : Say);

    /// <summary>The VM as it is on disk and in the kernel now.</summary>
    /// <exception cref="LumosException">VmNotFound.</exception>
    public VmInfo Load(string uuid) => Loader.Load(uuid) ?? throw NotFound(uuid);

    /// <summary>Tells whoever gives out addresses and names to look at a VM's NICs again.</summary>
    public void PublishNics(string uuid)
    {
        try
        {
            Neighbours.LookAtNics(uuid);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LumosException)
        {
            Say($"DHCP and DNS may not know VM {uuid} as it is now: {LumosException.Describe(e)}");
        }
    }

    /// <summary>Tells vminfod to look at a VM again, and waits until it has: what is listed after this is what was done.</summary>
    /// <param name="uuid">Of the VM.</param>
    /// <param name="snapshots">Those that were made or destroyed, which vminfod keeps no list of.</param>
    public void Publish(string uuid, params IReadOnlyList<Snapshots.SnapshotChange> snapshots)
    {
        PublishNics(uuid);
        try
        {
            using var client = VmInfoClient.TryConnect(InfoSocket);
            client?.Refresh(uuid, snapshots);
        }
        catch (Exception e) when (e is IOException or LumosException or System.Net.Sockets.SocketException)
        {
            Say($"vminfod does not answer, so lists may show the VM as it was for a moment: {LumosException.Describe(e)}");
        }
    }

    /// <summary>The sentence scripts look for.</summary>
    public static LumosException NotFound(string uuid) =>
        new("VmNotFound", $"zoneadm: {uuid}: No such zone configured");
}
