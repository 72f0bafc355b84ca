using Lumos.Cli;
using Lumos.Core;
using Lumos.Vm.Host;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Lifecycle;

/// <summary>
/// One look of vmadmd at one VM: what is there to be finished is finished, under the VM's lock. <see cref="VmAdminDaemon"/> has the list
/// of what that may be.
/// </summary>
internal sealed class VmSettler(VmHost host, JsonLog log, RestartPolicy restarts, CancellationToken stopping)
{
    // Nothing tells us when somebody who is at it is killed.
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(200);

    private readonly ZoneEnd _ends = new(host, log, restarts);

    /// <returns>When to look again; null: when something happens.</returns>
    public TimeSpan? Settle(ZoneName name)
    {
        var entry = host.Zones.ReadIndex().Find(name);
        if (entry is null)
        {
            return null;
        }
        string uuid = UuidOf(entry);
        // Without its lock: who stops the VM holds that, and is not waited for.
        var status = host.Runtime.Status(name);
        if (status.IsBeingBroughtUp)
        {
            return Soon;
        }
        if (status is { State: ZoneState.ShuttingDown, Transition: { IsAsked: false } stop })
        {
            if (!stop.Abandoned)
            {
                return Soon;
            }
            host.Runtime.ResumeShutdown(name);
        }
        if (_ends.LeftOfStop(uuid, status) is { Ticks: > 0 } left)
        {
            return left;
        }
        if (!Needs(entry, status))
        {
            return null;
        }
        // Each note of work that goes well brings us here to wait for its end: that is nothing to tell.
        using (host.Lock(uuid, quietly: true))
        {
            entry = host.Zones.ReadIndex().Find(name);
            if (entry is null)
            {
                return null;
            }
            if (IsHalfMade(entry))
            {
                log.Warn("unwinding a VM that was left half made", ("vm", uuid), ("state", entry.State.Word));
                new VmLifecycle(host).Remove(uuid);
                host.Publish(uuid);
                return null;
            }
            var wait = host.Zones.TryLoad(name) is { } config ? _ends.Settle(uuid, config, mayBoot: !stopping.IsCancellationRequested) : null;
            _ends.FinishStop(uuid, name);
            if (IsLeftStopped(name) && host.Runtime.Status(name).State == ZoneState.Installed)
            {
                log.Warn("starting a VM again that was stopped to be moved and was not", ("vm", uuid));
                Migrate.MigrationSwitch.RunHereAgain(host, uuid);
            }
            BootFirst(uuid, name);
            return wait;
        }
    }

    public static string UuidOf(ZoneIndexEntry entry) => entry.Uuid.Length > 0 ? entry.Uuid : entry.Name.Text;

    /// <summary>Whoever moved it elsewhere stopped it and, when its lock is free, did not get further.</summary>
    public bool IsLeftStopped(ZoneName name) =>
        Migrate.MigrationMark.Of(host.Zones.TryLoad(name)) is { Phase: Migrate.MigrationPhase.Stopped };

    public bool IsProvisioning(ZoneName name) => host.Zones.TryLoad(name)?.Attr(ZoneConfigMapping.Provisioning) is not null;

    /// <summary>
    /// Its first boot has to be watched. One that ran and is stopped has failed; whoever waited for it is told so, and if nobody waits
    /// vmadmd notes it.
    /// </summary>
    public bool IsInFirstBoot(ZoneName name) =>
        host.Zones.ReadIndex().Find(name) is not null
        && host.Runtime.Status(name) is { State: ZoneState.Running } or { State: ZoneState.Installed, Exit: not null }
        && IsProvisioning(name);

    private bool Needs(ZoneIndexEntry entry, ZoneStatus status) => IsHalfMade(entry)
        || host.Unfinished.Exists(UuidOf(entry))
        || status.State is ZoneState.Down or ZoneState.ShuttingDown
        || (status.State is ZoneState.Running or ZoneState.Installed && IsProvisioning(entry.Name))
        || (status.State == ZoneState.Installed && IsLeftStopped(entry.Name));

    // What zoneadm says is incomplete is for zoneadm to clear away.
    private bool IsHalfMade(ZoneIndexEntry entry) =>
        (entry.State == ZoneState.Incomplete && host.Zones.TryLoad(entry.Name)?.Attr(ZoneAttrNames.KeepIncomplete) is null)
        || (entry.State == ZoneState.Configured && host.Zones.TryLoad(entry.Name) is { } config
            && (config.Attr(ZoneConfigMapping.Provisioning) is not null || Receive.VmReceiver.IsDead(host, config)));

    // Whoever made it was killed right before its first boot: we hold its lock, and it never ran.
    private void BootFirst(string uuid, ZoneName name)
    {
        if (!stopping.IsCancellationRequested && host.Runtime.Status(name) is { State: ZoneState.Installed, Exit: null }
            && host.Zones.TryLoad(name) is { Autoboot: true } config && config.Attr(ZoneConfigMapping.Provisioning) is not null)
        {
            log.Info("booting a VM for the first time; who made it is gone", ("vm", uuid));
            try
            {
                host.Trace("boot for the first time");
                Recovery.Boot(() => new Booter(host).Boot(config));
            }
            catch (Exception e) when (e is LumosException or IOException)
            {
                // Once, not again at each look.
                log.Error("it does not boot, and is failed", ("vm", uuid), ("error", LumosException.Describe(e)));
                FirstBoot.Note(host, config, done: false);
            }
            host.Publish(uuid);
        }
    }
}
