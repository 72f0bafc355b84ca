using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Create;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Zones;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Lifecycle;

/// <summary>What a request came to: the sentence for the user.</summary>
/// <param name="Message">On stderr, as SmartOS's scripts expect.</param>
/// <param name="Changed">False: it was so already.</param>
public sealed record Outcome(string Message, bool Changed = true);

/// <summary>
/// start, stop, reboot and delete. start sets autoboot and stop clears it, as in SmartOS; what is so already is a success.
/// Each holds the VM's lock from the first look to the last change, so two of them queue. What has several steps is cut short as
/// <see cref="RunChange"/> says; of a delete, <see cref="Remove"/>.
/// </summary>
public sealed class VmLifecycle(VmHost host)
{
    /// <summary>What a zone gets to stop by itself before it is halted.</summary>
    public static readonly TimeSpan StopTime = TimeSpan.FromSeconds(60);

    /// <summary>What a zone gets to go down for a reboot.</summary>
    public static readonly TimeSpan RebootTime = TimeSpan.FromSeconds(180);

    /// <summary>What a guest gets to go down after its power button was pressed, for a stop and for a reboot.</summary>
    public static readonly TimeSpan MachineStopTime = TimeSpan.FromSeconds(180);

    /// <summary>The same of a docker VM, to stop or to go down for a reboot.</summary>
    public static readonly TimeSpan DockerStopTime = TimeSpan.FromSeconds(10);

    /// <param name="uuid">Of the VM.</param>
    /// <param name="clearFailed">A VM whose first boot failed is taken for a whole one from here on.</param>
    /// <param name="once">Of a hardware VM: what it is given for this start.</param>
    public Outcome Start(string uuid, bool clearFailed = false, StartOptions? once = null)
    {
        using (host.Lock(uuid))
        {
            var vm = host.Load(uuid);
            if (clearFailed && vm.State == VmState.Failed)
            {
                vm = ClearFailed(vm);
            }
            Migrate.MigrationMark.RequireHere(host.Zones.TryLoad(ZoneName.Parse(vm.Spec.ZoneName)), uuid);
            switch (Transitions.Of(VmRequest.Start, vm.State, vm.Status.State))
            {
                case Verdict.Already:
                    host.Publish(uuid);
                    return new Outcome($"VM {uuid} is already 'running'", Changed: false);
                case Verdict.Refused when vm.State == VmState.Failed:
                    throw new LumosException("VmFailed", $"Unable to start VM {uuid}: its first boot did not end well, so what is in it "
                        + $"may be half made; zlogin and {vm.Spec.ZonePath}/root/var/svc/log show how far it came: "
                        + $"\"vmadm start --clear-failed {uuid}\" takes it as it is, \"vmadm reprovision {uuid}\" gives it a fresh root, \"vmadm delete {uuid}\" removes it");
                case Verdict.Refused:
                    throw new LumosException("WrongState", $"Unable to start VM {uuid}: {Transitions.Refusal(VmRequest.Start, vm.State)}");
            }
            try
            {
                var booter = new Booter(host);
                booter.CheckNicTags(vm.Spec, "start");
                var change = new RunChange(host, uuid, ZoneName.Parse(vm.Spec.ZoneName));
                // A docker VM is started for this once, unless its policy says that it is to run.
                bool autoboot = vm.Spec.Autoboot || !vm.Spec.IsDocker || !vm.Spec.Docker.Restart.IsNo;
                change.Do(RunChange.Starting(autoboot), () =>
                {
                    change.SetAutoboot(autoboot);
                    host.Trace("boot");
                    booter.Boot(vm.Spec.ZoneName, once);
                });
            }
            catch (Exception e) when (e is LumosException or IOException)
            {
                host.Publish(uuid);
                throw new LumosException("StartFailed", $"Unable to start VM {uuid}", inner: e);
            }
        }
        host.Publish(uuid);
        return new Outcome($"Successfully started VM {uuid}");
    }

    /// <param name="uuid">Of the VM.</param>
    /// <param name="force">It is not asked.</param>
    /// <param name="limit">What it gets to stop by itself before it is halted; null: <see cref="StopTime"/>.</param>
    public Outcome Stop(string uuid, bool force, TimeSpan? limit = null)
    {
        using (host.Lock(uuid))
        {
            var vm = host.Load(uuid);
            var name = ZoneName.Parse(vm.Spec.ZoneName);
            var change = new RunChange(host, uuid, name);
            if (Transitions.Of(VmRequest.Stop, vm.State, vm.Status.State) == Verdict.Already)
            {
                change.SetAutoboot(false);
                host.Publish(uuid);
                return new Outcome($"VM {uuid} is already not 'running' (currently: {vm.State})", Changed: false);
            }
            change.Do(RunChange.Stopping(vm.Spec.Autoboot), () =>
            {
                change.SetAutoboot(false);
                if (force || !vm.Status.State.CanShutdown || !AskToEnd(name, ZoneShutdown.Halt, limit ?? (vm.Spec.IsDocker ? DockerStopTime : vm.Spec.IsMachine ? MachineStopTime : StopTime)))
                {
                    host.Trace("halt");
                    host.Runtime.Halt(name);
                }
            });
        }
        host.Publish(uuid);
        return new Outcome($"Successfully completed stop for VM {uuid}");
    }

    /// <param name="uuid">Of the VM.</param>
    /// <param name="force">It is not asked.</param>
    /// <param name="limit">
    /// What it gets to go down by itself before it is halted; null: <see cref="RebootTime"/>, after which it is left alone, as in SmartOS.
    /// </param>
    public Outcome Reboot(string uuid, bool force, TimeSpan? limit = null)
    {
        using (host.Lock(uuid))
        {
            var vm = host.Load(uuid);
            var name = ZoneName.Parse(vm.Spec.ZoneName);
            limit ??= vm.Spec.IsDocker ? DockerStopTime : vm.Spec.IsMachine ? MachineStopTime : null;
            bool isUp = vm.Status.State.CanHalt;
            if (Transitions.Of(VmRequest.Reboot, vm.State, vm.Status.State, force) != Verdict.Go && !(vm.Spec.IsDocker && (vm.State == VmState.Stopped || vm.Status.State == ZoneState.Down)))
            {
                throw new LumosException("WrongState", Transitions.Refusal(VmRequest.Reboot, vm.State));
            }
            var booter = new Booter(host);
            booter.CheckNicTags(vm.Spec, "reboot");
            try
            {
                new RunChange(host, uuid, name).Do(RunChange.Rebooting(halts: force || limit is not null), () =>
                {
                    if (isUp && (force || !AskToEnd(name, ZoneShutdown.Reboot, limit ?? RebootTime)))
                    {
                        if (!force && limit is null)
                        {
                            throw new LumosException("RebootTimeout", $"VM {uuid} did not go down within {RebootTime.TotalSeconds:0} seconds: "
                                + $"\"vmadm reboot {uuid} -F\" does not ask it, -t says how long it is given before it is halted");
                        }
                        host.Trace("halt");
                        host.Runtime.Halt(name);
                    }
                    host.Trace("boot");
                    booter.Boot(vm.Spec.ZoneName);
                });
            }
            finally
            {
                host.Publish(uuid);
            }
        }
        return new Outcome($"Successfully completed reboot for VM {uuid}");
    }

    /// <param name="uuid">Of the VM.</param>
    /// <param name="lives">It lives on elsewhere: what goes is a copy, which is neither protected nor archived.</param>
    public Outcome Delete(string uuid, bool lives = false)
    {
        using (host.LockAsItIs(uuid))
        {
            try
            {
                new Deletion(host).Prepare(uuid, lives);
                Remove(uuid);
            }
            catch (Exception e) when (e is LumosException or IOException && (e as LumosException)?.Code != "VmNotFound")
            {
                host.Publish(uuid);
                throw new LumosException("DeleteFailed", $"Failed to delete VM {uuid}", inner: e);
            }
        }
        host.Publish(uuid);
        return new Outcome($"Successfully deleted VM {uuid}");
    }

    /// <summary>
    /// Marks incomplete, halts, destroys the dataset, forgets the configuration: in this order, so that a kill or a power cut leaves
    /// either the VM as it was or something incomplete, whose removal vmadmd finishes. The caller holds the lock.
    /// </summary>
    public void Remove(string uuid)
    {
        var entry = host.Loader.Entry(uuid) ?? throw VmHost.NotFound(uuid);
        var config = host.Zones.TryLoad(entry.Name);
        host.Trace("set its state to incomplete");
        host.Zones.SetState(entry.Name, ZoneState.Incomplete);
        host.Trace("halt");
        host.Runtime.Halt(entry.Name);
        string path = config?.ZonePath ?? entry.Path;
        // Only what is named after the zone is the zone's: a damaged path must not cost somebody else's data.
        if (path.Split('/') is [.., var pool, var leaf] && leaf == entry.Name.Text && DatasetName.TryParse($"{pool}/{leaf}", out var dataset))
        {
            if (Receive.ReceiveMark.Of(config) is not null)
            {
                host.Datasets.AbortReceive(dataset);
            }
            host.Trace($"destroy {dataset}");
            DatasetRemoval.DestroyZone(host.Datasets, dataset, path);
            if (host.Unfinished.Exists(uuid))
            {
                new Reprovision.ReprovisionPlaces(dataset, path).Destroy(host.Datasets);
            }
        }
        host.Unfinished.Remove(uuid);
        LeftFiles.Remove(host, entry.Name, null);
        host.Trace("forget its configuration");
        host.Zones.Remove(entry.Name);
    }

    private bool AskToEnd(ZoneName name, ZoneShutdown how, TimeSpan limit)
    {
        host.Trace($"ask it to {(how == ZoneShutdown.Reboot ? "reboot" : "stop")}, for at most {limit.TotalSeconds:0} s");
        return host.Runtime.Shutdown(name, how, limit);
    }

    private VmInfo ClearFailed(VmInfo vm)
    {
        host.Trace("clear the mark failed");
        host.Zones.Save(host.Zones.Load(ZoneName.Parse(vm.Spec.ZoneName)).WithAttr(ZoneConfigMapping.Failed, null));
        return host.Load(vm.Uuid);
    }
}
