using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Datasets.Delegation;
using Lumos.Drivers.Files;
using Lumos.Drivers.Links;
using Lumos.Drivers.Oci;
using Lumos.Linux.Spawn;
using Lumos.Zones.Bundle;
using Lumos.Zones.Config;
using Lumos.Zones.Machines;

namespace Lumos.Zones.Runtime;

// Purpose. Brings zones up and down. A zone that is up is an OCI container made by crun (or runc) under conmon; this file
// puts round it what a runtime does not know: views of the zone's files with its own range of ids, its NICs, its record.
//
// States. The index (/etc/zones/index) says configured, incomplete, installed. The others are seen, not stored:
//   ready          a record exists, init has not been started: somebody brings the zone up, or asked for no more
//   running        the record says so and its init lives
//   shutting_down  the record says so (someone asked it to stop) and its init lives
//   down           a record exists and its init is gone: its exit file, if there is one, says how
// Nothing of it is in any daemon's memory: whoever looks sees the same, and anyone may clean up.
//
// On disk and in the kernel. Of a zone that is up: its record (zone-states/UUID.json), its exit file (zone-exits/UUID), its
// run folder (zones/UUID: bundle, views, attach socket), the runtime's own record, cgroup zones/UUID, one conmon, one veth for
// each NIC, and in ZFS that its user namespace has its datasets. Clear takes all of them away, in the order that makes each step safe, and does nothing where there is nothing:
// it serves halt, a failed boot, a zone that ended by itself, and what a crash of ours left, all alike.
//
// Locks. One file lock for each zone, held for a boot, a clearing, or a change of its record; never while a guest takes its
// time to stop, so that halt always gets through. Who asked for a shutdown is in the record: while that process lives, an
// ended zone is left to it.
//
// Failure. A boot that fails is cleared whole. A power cut leaves nothing: all of it is in memory.
//
// Tests. Bundles, plans and states in unit tests; the whole on the real kernel with runc in host tests, crun in the live image.

/// <inheritdoc cref="IZoneRuntime"/>
public sealed partial class ZoneRuntime : IZoneRuntime
{
    private static readonly TimeSpan MonitorTime = TimeSpan.FromSeconds(10);

    private readonly ZoneLayout _layout;
    private readonly OciRuntime _oci;
    private readonly INamespaceLinks _links;
    private readonly ZoneConfigStore _store;
    private readonly IDatasetDelegation _delegation;
    private readonly Action<string> _warn;

    /// <param name="warn">Gets sentences about what went wrong without failing the whole.</param>
    /// <param name="delegation">Null: ZFS's own.</param>
    public ZoneRuntime(ZoneLayout layout, OciRuntime oci, INamespaceLinks links, Action<string>? warn = null, IDatasetDelegation? delegation = null)
    {
        _delegation = delegation ?? new ZfsDelegation();
        _layout = layout;
        _oci = oci;
        _links = links;
        _store = new ZoneConfigStore(layout);
        _warn = warn ?? (_ => { });
    }

    public ZoneStatus Status(ZoneName name)
    {
        if (ZoneRecord.TryRead(_layout.StateFile(name)) is { } record)
        {
            return Status(name, record);
        }
        var entry = _store.ReadIndex().Find(name)
            ?? throw new LumosException("ZoneNotConfigured", $"zone '{name}' is not configured");
        return Stored(entry);
    }

    public ZoneStatus Status(ZoneIndexEntry entry) =>
        ZoneRecord.TryRead(_layout.StateFile(entry.Name)) is { } record ? Status(entry.Name, record) : Stored(entry);

    private ZoneStatus Stored(ZoneIndexEntry entry) => ZoneStatus.Stored(entry.State, entry.Path) with { Machine = MachineLife.TryRead(_layout.LifeFile(entry.Name)) };

    public void Boot(ZoneSpec spec)
    {
        spec = OnThisMachine(spec);
        using var held = Lock(spec.Name);
        // A ready zone is taken as it stands, unless something else is asked of it than it was made for.
        if (Status(spec.Name).State == ZoneState.Ready && ZoneRecord.TryRead(_layout.StateFile(spec.Name)) is { Init: not null } record
            && record.Argv == Argv(spec))
        {
            Bring(spec.Name, () => StartInit(spec, record));
            return;
        }
        BringUp(spec, startInit: true);
    }

    public void Ready(ZoneSpec spec)
    {
        spec = OnThisMachine(spec);
        using var held = Lock(spec.Name);
        if (Status(spec.Name).State == ZoneState.Ready)
        {
            throw new LumosException("ZoneCannotBoot", $"zone '{spec.Name}' is ready already");
        }
        BringUp(spec, startInit: false);
    }

    private ZoneSpec OnThisMachine(ZoneSpec spec) => spec.Machine is { } machine
        ? spec with { Machine = machine with { Accelerator = AcceleratorChoice.Make(_layout.Accelerator, _warn) } }
        : spec;

    private void BringUp(ZoneSpec spec, bool startInit)
    {
        var before = Status(spec.Name);
        if (!before.State.CanBoot)
        {
            throw new LumosException("ZoneCannotBoot", $"zone '{spec.Name}' cannot be booted: it is {before.State.Word}");
        }
        var plan = ZoneLinkPlan.Of(spec, _layout.Links);
        Clear(spec.Name);
        if (spec.Restarts.Total == 0)
        {
            ForgetExit(spec.ZonePath);
        }
        Bring(spec.Name, () =>
        {
            var record = MakeReady(spec, plan);
            if (startInit)
            {
                StartInit(spec, record);
            }
            else
            {
                Record(spec.Name, record with { Owner = null });
            }
        });
    }

    private void Bring(ZoneName name, Action action)
    {
        using var undo = new UndoStack(_warn);
        undo.Push($"boot of zone '{name}'", () => Clear(name));
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LumosException)
        {
            throw new LumosException("ZoneBootFailed", $"zone '{name}' could not be booted", inner: e);
        }
        undo.Commit();
    }

    public bool Shutdown(ZoneName name, ZoneShutdown how, TimeSpan timeout)
    {
        ProcessHandle? init;
        using (Lock(name))
        {
            var status = Status(name);
            if (!status.State.CanShutdown)
            {
                throw new LumosException("ZoneNotRunning", $"zone '{name}' is {status.State.Word}, not running");
            }
            var record = ZoneRecord.TryRead(_layout.StateFile(name))!;
            init = ProcessHandle.TryOpen(record.Init!.Pid);
            Record(name, record.StoppingTo(how == ZoneShutdown.Reboot ? ZoneState.Running : ZoneState.Installed, timeout));
        }
        using (init)
        {
            if (init is not null)
            {
                Ask(name, init, how);
                if (!(Brand(name).IsHvm ? MachineMonitor.AwaitPowerOff(_layout.QmpSocket(name), init, timeout) : init.WaitForEnd(timeout)))
                {
                    return false;
                }
            }
        }
        using (Lock(name))
        {
            // Gone: it was halted meanwhile. Alive: and booted again.
            var record = ZoneRecord.TryRead(_layout.StateFile(name));
            bool ours = record is not null && record.Init?.Pid == init?.Pid;
            if (!ours && how == ZoneShutdown.Reboot)
            {
                throw new LumosException("ShutdownInterrupted", $"zone '{name}' was halted while it was shutting down");
            }
            if (ours)
            {
                Clear(name);
            }
        }
        return true;
    }

    public void ResumeShutdown(ZoneName name)
    {
        var record = ZoneRecord.TryRead(_layout.StateFile(name));
        if (record is not { StopBy: not null, StopAsked: false, Init: { IsAlive: true } mark, Owner: not { IsAlive: true } })
        {
            return;
        }
        using var init = ProcessHandle.TryOpen(mark.Pid);
        if (init is not null)
        {
            Ask(name, init, record.StopTo == ZoneState.Running.Word ? ZoneShutdown.Reboot : ZoneShutdown.Halt);
        }
    }

    private void Ask(ZoneName name, ProcessHandle init, ZoneShutdown how)
    {
        if (ZoneRecord.TryRead(_layout.StateFile(name))?.StopSignal is { } signal)
        {
            ZoneStopRequest.Send(init, signal);
        }
        else if (Brand(name).IsHvm)
        {
            MachineMonitor.PressPowerButton(_layout.QmpSocket(name), init);
        }
        else
        {
            ZoneStopRequest.Send(this, name, Brand(name), init, how);
        }
        using (Lock(name))
        {
            if (ZoneRecord.TryRead(_layout.StateFile(name)) is { StopBy: not null } record && record.Init?.Pid == init.Pid)
            {
                Record(name, record with { StopAsked = true });
            }
        }
    }

    public void Halt(ZoneName name)
    {
        using var held = Lock(name);
        if (ZoneRecord.TryRead(_layout.StateFile(name)) is { } record)
        {
            Record(name, record.StoppingTo(ZoneState.Installed, TimeSpan.Zero));
        }
        Clear(name);
    }

    public ZoneExit? CleanUp(ZoneName name)
    {
        using var held = Lock(name);
        if (ZoneRecord.TryRead(_layout.StateFile(name)) is not { } record)
        {
            return null;
        }
        var status = Status(name, record);
        bool othersWork = record.State == ZoneState.ShuttingDown.Word && record.Owner is { IsAlive: true };
        if (status.State != ZoneState.Down || othersWork)
        {
            return null;
        }
        if (status.ExitIsToCome)
        {
            WaitForMonitor(name);
        }
        var exit = Status(name, record).Exit ?? UnseenExit();
        Clear(name);
        return exit;
    }

    public void Signal(ZoneName name, int signal)
    {
        var record = Running(name);
        using var init = ProcessHandle.TryOpen(record.Init!.Pid);
        if (init is null || !init.Signal(signal))
        {
            throw new LumosException("ZoneNotRunning", $"zone '{name}' is not running");
        }
    }

    public int Exec(ZoneName name, ZoneCommand command)
    {
        string cgroup = $"{_layout.CgroupParent}/{name}";
        var record = Running(name);
        ZoneCgroup.MakeRoomForExec(cgroup, record.Init!.Pid);
        var old = OldZoneCgroup.Folders(cgroup);
        string file = Path.Combine(_layout.RunFolder(name), $"exec.{Guid.NewGuid():N}.json");
        File.WriteAllText(file, OciBundle.ProcessJson(command.Detached ? Orphaned(name, command) : command, record.Capabilities));
        try
        {
            if (command.Detached)
            {
                _oci.ExecQuietly(name.Text, file, old);
                return 0;
            }
            return _oci.Exec(name.Text, file, old);
        }
        finally
        {
            File.Delete(file);
        }
    }

    // A child of a shell that ends at once is the zone's init's. Were it ours, the zone could not end before whoever inherits
    // our children had noticed its end: the kernel takes no process namespace down with a process in it unreaped.
    private ZoneCommand Orphaned(ZoneName name, ZoneCommand command) => command with
    {
        Argv = [Brand(name).PlatformPrefix + "/bin/busybox", "sh", "-c", "\"$@\" < /dev/null > /dev/null 2>&1 &", "sh", .. command.Argv],
    };

    private ZoneStatus Status(ZoneName name, ZoneRecord record)
    {
        var exit = ReadExit(name);
        bool alive = exit is null && record.Init is { IsAlive: true };
        var state = record.State switch
        {
            // Being brought up by somebody who lives, or left so for a later boot.
            "ready" when exit is null && (record.Owner is { } owner ? owner.IsAlive : alive) => ZoneState.Ready,
            "running" when alive => ZoneState.Running,
            "shutting_down" when alive => ZoneState.ShuttingDown,
            _ => ZoneState.Down,
        };
        if (state != ZoneState.Down)
        {
            exit = record.InitRestarts > 0 && _store.TryLoad(name) is { } config ? ZoneLastExit.TryRead(config.ZonePath) : null;
        }
        return new ZoneStatus(state, record.ZoneId, alive ? record.Init!.Pid : null, record.BootTime, exit)
        {
            Restarts = new ZoneRestarts(record.InitRestarts, record.InitRestartsInRow),
            Accelerator = record.Accelerator,
            Machine = record.Accelerator is not null && MachineLife.TryRead(_layout.LifeFile(name)) is { } life && life.Boot == record.ZoneId ? life : null,
            Uptime = alive ? record.Init!.Age : null,
            // One whose init still waits for the word to start, from somebody who is gone, has no end that its monitor could tell.
            ExitIsToCome = state == ZoneState.Down && exit is null && record.Init is { IsAlive: false } && Monitor(name) is not null,
            IsBeingBroughtUp = state == ZoneState.Ready && record.Owner is not null,
            Transition = record.Expires is { } by
                ? new ZoneTransition(record.StopTo == ZoneState.Running.Word ? ZoneState.Running : ZoneState.Installed, by, record.Owner is not { IsAlive: true }) { IsAsked = record.StopAsked }
                : null,
        };
    }

    private ZoneExit? ReadExit(ZoneName name)
    {
        string file = _layout.ExitFile(name);
        try
        {
            return int.TryParse(File.ReadAllText(file), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int status)
                ? new ZoneExit(status, new DateTimeOffset(File.GetLastWriteTimeUtc(file), TimeSpan.Zero))
                : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private ZoneRecord Running(ZoneName name)
    {
        var status = Status(name);
        return status.State.CanEnter && ZoneRecord.TryRead(_layout.StateFile(name)) is { Init: not null } record
            ? record
            : throw new LumosException("ZoneNotRunning", $"zone '{name}' is {status.State.Word}, not running");
    }

    private ZoneBrand Brand(ZoneName name) => _store.TryLoad(name)?.Brand ?? ZoneBrand.Joyent;

    private void Record(ZoneName name, ZoneRecord record) => record.Write(_layout.StateFile(name));

    private FileLock Lock(ZoneName name) => FileLock.Acquire(_layout.StateLock(name));
}
