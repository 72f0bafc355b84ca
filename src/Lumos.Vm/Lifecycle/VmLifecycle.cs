using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Create;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Zones;

namespace Lumos.Vm.Lifecycle;

/// <summary>What a request came to: the sentence for the user.</summary>
/// <param name="Message">On stderr, as SmartOS's scripts expect.</param>
/// <param name="Changed">False: it was so already.</param>
public sealed record Outcome(string Message, bool Changed = true);

/// <summary>
/// start, stop, reboot and delete. start sets autoboot and stop clears it, as in SmartOS; what is so already is a success.
/// Each holds the VM's lock from the first look to the last change, so two of them queue.
/// </summary>
public sealed class VmLifecycle(VmHost host)
{
    /// <summary>What a zone gets to stop by itself before it is halted.</summary>
    public static readonly TimeSpan StopTime = TimeSpan.FromSeconds(60);

    /// <summary>What a zone gets to go down for a reboot.</summary>
    public static readonly TimeSpan RebootTime = TimeSpan.FromSeconds(180);

    public Outcome Start(string uuid)
    {
        using (host.Lock(uuid))
        {
            var vm = host.Load(uuid);
            if (vm.Status.State == ZoneState.Running)
            {
                return new Outcome($"VM {uuid} is already 'running'", Changed: false);
            }
            if (vm.State == VmState.Failed)
            {
                throw new LumosException("VmFailed", $"Unable to start VM {uuid}: its first boot did not end in time, so what is in it "
                    + $"may be half made: \"vmadm delete {uuid}\" removes it, zlogin and {vm.Spec.ZonePath}/root/var/svc/log show how far it came");
            }
            if (!vm.Status.State.CanBoot)
            {
                throw new LumosException("WrongState", $"Unable to start VM {uuid}: Cannot start vm from state \"{vm.State}\", must be \"stopped\".");
            }
            try
            {
                var booter = new Booter(host);
                booter.CheckNicTags(vm.Spec, "start");
                SetAutoboot(vm, true);
                booter.Boot(vm.Spec.ZoneName);
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

    public Outcome Stop(string uuid, bool force)
    {
        using (host.Lock(uuid))
        {
            var vm = host.Load(uuid);
            var name = ZoneName.Parse(vm.Spec.ZoneName);
            SetAutoboot(vm, false);
            if (!vm.Status.State.CanHalt)
            {
                host.Publish(uuid);
                return new Outcome($"VM {uuid} is already not 'running' (currently: {vm.State})", Changed: false);
            }
            if (force || !vm.Status.State.CanShutdown || !host.Runtime.Shutdown(name, ZoneShutdown.Halt, StopTime))
            {
                host.Runtime.Halt(name);
            }
        }
        host.Publish(uuid);
        return new Outcome($"Successfully completed stop for VM {uuid}");
    }

    public Outcome Reboot(string uuid, bool force)
    {
        using (host.Lock(uuid))
        {
            var vm = host.Load(uuid);
            var name = ZoneName.Parse(vm.Spec.ZoneName);
            if (vm.Status.State != ZoneState.Running)
            {
                throw new LumosException("WrongState", $"Cannot reboot vm from state \"{vm.State}\", must be \"running\"");
            }
            var booter = new Booter(host);
            booter.CheckNicTags(vm.Spec, "reboot");
            if (force)
            {
                host.Runtime.Halt(name);
            }
            else if (!host.Runtime.Shutdown(name, ZoneShutdown.Reboot, RebootTime))
            {
                throw new LumosException("RebootTimeout",
                    $"VM {uuid} did not go down within {RebootTime.TotalSeconds:0} seconds: \"vmadm reboot {uuid} -F\" does not ask it");
            }
            try
            {
                booter.Boot(vm.Spec.ZoneName);
            }
            finally
            {
                host.Publish(uuid);
            }
        }
        host.Publish(uuid);
        return new Outcome($"Successfully completed reboot for VM {uuid}");
    }

    public Outcome Delete(string uuid)
    {
        using (host.Lock(uuid))
        {
            try
            {
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
    /// Halts, marks incomplete, destroys the dataset, forgets the configuration: in this order, so that a power cut leaves
    /// either the VM or something incomplete, whose removal vmadmd finishes. The caller holds the lock.
    /// </summary>
    public void Remove(string uuid)
    {
        var entry = host.Loader.Entry(uuid) ?? throw VmHost.NotFound(uuid);
        var config = host.Zones.TryLoad(entry.Name);
        host.Runtime.Halt(entry.Name);
        host.Zones.SetState(entry.Name, ZoneState.Incomplete);
        string path = config?.ZonePath ?? entry.Path;
        // Only what is named after the zone is the zone's: a damaged path must not cost somebody else's data.
        if (path.Split('/') is [.., var pool, var leaf] && leaf == entry.Name.Text && DatasetName.TryParse($"{pool}/{leaf}", out var dataset))
        {
            DatasetRemoval.Destroy(host.Datasets, dataset);
            if (Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any())
            {
                Directory.Delete(path);
            }
        }
        host.Zones.Remove(entry.Name);
    }

    private void SetAutoboot(VmInfo vm, bool value)
    {
        var config = host.Zones.Load(ZoneName.Parse(vm.Spec.ZoneName));
        if (config.Autoboot != value)
        {
            host.Zones.Save(config with { Autoboot = value });
        }
    }
}
