using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Linux.Files;
using Lumos.Vm.Create;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Payload;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Reprovision;

// Purpose. reprovision: a VM gets a fresh root, or disk that boots, a clone of an image. Who it is stays: configuration, NICs, metadata, tags, what lies
// below its dataset (delegated data), cores of processes that crashed, volumes of docker's images.
//
// On disk. The new root is made beside the old one, POOL/UUID-reprovisioning-new, while the VM still runs: whatever can fail for want
// of an image, space or a file fails there. Then the zone is stopped and the two change places by renames; the old root, meanwhile
// POOL/UUID-reprovisioning-root, is destroyed when nothing depends on it any more. At no time do both have a mountpoint in use.
//
// Of a hardware VM the disk that boots is replaced, in the same steps and under the same names (VmReprovision.Machines.cs); its other disks, and what lies beside them, stay.
//
// Failure. Before the roots change places it is undone, and the VM runs again if it ran; from there on it is finished. Which of
// the two is due stands in the note (UnfinishedWork.cs): whoever takes the VM's lock next looks at what is there and does the rest.
// A new root that does not boot leaves the VM failed, and a reprovision is a way out of that.
//
// Tests. ReprovisionTests and CrashTests on datasets in memory, Lumos.Hosted.Tests on btrfs, test/system on ZFS.

/// <summary>Gives VMs a fresh root.</summary>
public sealed partial class VmReprovision(VmHost host)
{
    /// <summary>What the zone gets to stop by itself before it is halted.</summary>
    public TimeSpan StopTime { get; init; } = VmLifecycle.StopTime;

    /// <param name="uuid">Of the VM.</param>
    /// <param name="payload">Names the image.</param>
    /// <param name="keepState">A stopped VM stays stopped; without this it is started, as in SmartOS.</param>
    /// <param name="report">Gets the faults, and what is lost.</param>
    /// <param name="beforeApplying">Called between the checks and the first change; may throw.</param>
    /// <exception cref="LumosException">ReprovisionFailed; ProvisioningFailed: it has its new root, and is in state failed.</exception>
    public Outcome Run(string uuid, JsonObject payload, bool keepState, PayloadReport report, Action beforeApplying)
    {
        bool boots;
        using (host.Lock(uuid))
        {
            var vm = host.Load(uuid);
            try
            {
                bool ran = vm.Status.State.CanHalt;
                boots = ran || !keepState;
                var plan = new ReprovisionCheck(host).Plan(vm, payload, ran, boots, report);
                report.ThrowIfFaulty();
                beforeApplying();
                CarryOut(plan, vm.Spec, ran);
            }
            catch (Exception e) when (e is LumosException or IOException)
            {
                host.Publish(uuid);
                throw new LumosException("ReprovisionFailed", $"Failed to reprovision VM {uuid}"
                    + (host.Unfinished.Exists(uuid) ? ", which is begun, and is finished as soon as that is possible" : ""), inner: e);
            }
        }
        host.Publish(uuid);
        if (boots)
        {
            new FirstBoot(host).WaitAndFinish(uuid, CancellationToken.None);
        }
        return new Outcome($"Successfully reprovisioned VM {uuid}");
    }

    /// <summary>Goes on with, or takes back, one that was cut short. The caller holds the lock.</summary>
    internal void Finish(string uuid, UnfinishedWork work)
    {
        var wish = ReprovisionWish.Of(work);
        var vm = VmLoader.Spec(host.Zones.Load(host.Loader.Entry(uuid)!.Name), uuid);
        var places = ReprovisionPlaces.Of(vm);
        if (wish.Phase == ReprovisionPhase.Preparing)
        {
            host.Say($"taking back the reprovision of VM {uuid}, which was cut short before its root was replaced");
            DatasetRemoval.DestroyZone(host.Datasets, places.New, places.NewPath);
            if (wish.Ran)
            {
                HaltUnlessRunning(ZoneName.Parse(vm.ZoneName));
                new Recovery(host).BootNoted(uuid, vm.ZoneName);
            }
            host.Unfinished.Remove(uuid);
            return;
        }
        host.Say($"finishing the reprovision of VM {uuid} with image {wish.Image}, which was cut short");
        if (host.Runtime.Status(ZoneName.Parse(vm.ZoneName)).State.CanHalt)
        {
            host.Runtime.Halt(ZoneName.Parse(vm.ZoneName)); // somebody booted it past the lock
        }
        bool oldIsAside = host.Datasets.Exists(places.Old);
        if (vm.IsMachine)
        {
            CarryOut(RestOfMachine(vm, wish, oldIsAside, host.Datasets.Exists(places.New)), vm, ran: false);
            return;
        }
        var from = oldIsAside ? places.Old : places.Root;
        var check = new ReprovisionCheck(host);
        var facts = new ReprovisionFacts(oldIsAside, host.Datasets.Exists(places.New), [.. check.Below(from)],
            [.. check.SnapshotsBelow(places.Root).Union(oldIsAside ? check.SnapshotsBelow(places.Old).Select(s => Moved(s, places)) : [])]);
        CarryOut(ReprovisionPlan.Rest(vm, wish, facts), vm, ran: false);
    }

    private static SnapshotName Moved(SnapshotName snapshot, ReprovisionPlaces places) =>
        DatasetName.Parse(places.Root.Value + snapshot.Dataset.Value[places.Old.Value.Length..]).At(snapshot.Name);

    private void CarryOut(ReprovisionPlan plan, VmSpec vm, bool ran)
    {
        string uuid = vm.Text("uuid")!;
        var name = ZoneName.Parse(vm.ZoneName);
        var roots = new RootExchange(host.Datasets, vm.ZonePath);
        using var undo = new UndoStack(host.Say);
        foreach (var step in plan.Steps)
        {
            host.Trace(step.Does);
            switch (step)
            {
                case ReprovisionStep.Note { Wish.Phase: ReprovisionPhase.Preparing } note:
                    undo.Push(step.Undo!, () => host.Unfinished.Remove(uuid));
                    host.Unfinished.Write(uuid, note.Wish.ToNote());
                    break;
                case ReprovisionStep.Note note:
                    host.Unfinished.Write(uuid, note.Wish.ToNote());
                    undo.Commit();
                    break;
                case ReprovisionStep.CloneRoot clone:
                    undo.Push(step.Undo!, () => DatasetRemoval.DestroyZone(host.Datasets, clone.Dataset, clone.Path));
                    host.Datasets.Clone(clone.Image, clone.Dataset, clone.Properties);
                    host.Datasets.Mount(clone.Dataset);
                    ZoneFolder.KeepOnlyRoot(clone.Path);
                    break;
                case ReprovisionStep.PrepareRoot prepare:
                    VmCreator.PrepareRoot(vm.With("zonepath", prepare.Path), sync: false);
                    TreeCopy.Copy(ConfigFiles.Folder(vm.ZonePath), ConfigFiles.Folder(prepare.Path));
                    DurableFile.SyncFileSystem(prepare.Path); // the old root is destroyed
                    break;
                case ReprovisionStep.Stop:
                    if (ran)
                    {
                        undo.Push(step.Undo!, () =>
                        {
                            HaltUnlessRunning(name);
                            new Booter(host).Boot(vm.ZoneName);
                        });
                    }
                    Stop(name);
                    break;
                case ReprovisionStep.KeepCores cores:
                    KeptFiles.Bring(cores);
                    break;
                case ReprovisionStep.KeepVolumes volumes:
                    KeptFiles.Bring(volumes);
                    break;
                case ReprovisionStep.SetAside set:
                    roots.SetAside(set.From, set.To);
                    break;
                case ReprovisionStep.PutInPlace put:
                    roots.PutInPlace(put.From, put.To, put.Renames);
                    break;
                case ReprovisionStep.Move move:
                    roots.Move(move.From, move.To);
                    break;
                case ReprovisionStep.SaveConfiguration save:
                    Save(name, save);
                    break;
                case ReprovisionStep.DestroyOld old:
                    DatasetRemoval.Destroy(host.Datasets, old.Dataset);
                    break;
                case ReprovisionStep.DestroySnapshot destroy:
                    if (host.Datasets.Exists(destroy.Snapshot))
                    {
                        host.Datasets.DestroySnapshot(destroy.Snapshot);
                    }
                    break;
                case ReprovisionStep.Boot:
                    // Cut short from here on, it is not reprovisioned once more, only booted.
                    Boot(uuid, name);
                    break;
                case ReprovisionStep.Forget:
                    host.Unfinished.Remove(uuid);
                    break;
                case ReprovisionStep.MakeDisk or ReprovisionStep.RenameDisk or ReprovisionStep.SaveDisk:
                    DoToDisk(step, vm, undo);
                    break;
                default:
                    throw new InvalidOperationException($"no such step: {step.GetType().Name}");
            }
        }
        undo.Commit();
    }

    private void Stop(ZoneName name)
    {
        if (!host.Runtime.Status(name).State.CanShutdown || !host.Runtime.Shutdown(name, ZoneShutdown.Halt, StopTime))
        {
            host.Runtime.Halt(name);
        }
    }

    // One that was asked to stop does not come back by itself.
    private void HaltUnlessRunning(ZoneName name)
    {
        if (host.Runtime.Status(name).State is { CanHalt: true } state && state != ZoneState.Running)
        {
            host.Runtime.Halt(name);
        }
    }

    private void Save(ZoneName name, ReprovisionStep.SaveConfiguration save)
    {
        var config = host.Zones.Load(name).WithAttr(ZoneAttrNames.ImageUuid, save.Image).WithAttr(ZoneConfigMapping.Failed, null);
        host.Zones.Save(save.Boots && !config.IsDocker ? VmCreator.AwaitingFirstBoot(config with { Autoboot = true }, VmCreator.DefaultTimeout) : config);
    }

    private void Boot(string uuid, ZoneName name)
    {
        try
        {
            new Recovery(host).BootNoted(uuid, name.Text);
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            FirstBoot.Note(host, host.Zones.Load(name), done: false);
            throw new LumosException("BootFailed", "it has its new root, which does not boot, and is failed: \"vmadm reprovision\" gives it another, "
                + "\"vmadm start --clear-failed\" tries this one once more", inner: e);
        }
    }
}
