using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Linux.Files;
using Lumos.Vm.Disks;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Payload;
using Lumos.Vm.Properties;
using Lumos.Zones;
using Lumos.Zones.Config;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Create;

/// <summary>
/// Makes a VM: observe, normalise, validate, plan, carry out, wait for the first boot, publish.
///
/// On disk, in this order: the zone's XML (with the attr provisioning) and its line in the index (incomplete), the clone,
/// config/*.json and the files of the root, the state installed. A failure undoes last-first, a boot that fails included, so a
/// create either leaves a VM or nothing. A power cut before "installed" leaves a zone that is incomplete, which vmadmd destroys
/// when it starts; after it the VM exists, and its first boot is taken up again. So what lies in the clone has to be on the disk
/// before "installed" is, in whatever order: with one call where the dataset is a file system of its own
/// (docs/decisions/0029-one-flush-for-a-new-root.md).
/// </summary>
public sealed class VmCreator(VmHost host)
{
    /// <summary>How long a first boot may take when mdata_exec_timeout does not say.</summary>
    public const int DefaultTimeout = 300;

    /// <summary>From a payload to what would be made of it; the faults are in the report.</summary>
    public (VmSpec? Vm, HostFacts? Facts) Prepare(JsonObject payload, PayloadReport report)
    {
        string brandName = PropertyValue.IsUnset(payload["brand"]) ? "joyent" : JsonText.Plain(payload["brand"]);
        var brand = BrandTable.Parse(brandName);
        var known = PayloadCheck.Run(brand, PropertyOps.Create, payload, null, report);
        var vm = Normaliser.Create(known, brandName, host.SystemPool, host.Identities, host.Clock.GetUtcNow(), report);
        vm = vm.With("zonepath", $"{host.MountRoot}/{vm.Zpool}/{vm.ZoneName}");
        var facts = new HostObserver(host).Observe(vm);
        vm = HardwareRules.FromImages(DiskRules.FromImages(DockerRules.Complete(vm, known, facts.Image), facts, report), facts);
        SpecValidator.Run(vm, null, facts, report);
        return (vm, facts);
    }

    /// <summary>Makes the VM and returns its uuid.</summary>
    /// <param name="vm">Checked.</param>
    /// <param name="facts">What it was checked against.</param>
    /// <exception cref="LumosException">What failed; everything is undone. ProvisioningFailed: the VM is there, in state failed.</exception>
    public string Create(VmSpec vm, HostFacts facts)
    {
        string uuid = vm.Text("uuid")!;
        bool waits = vm.HasFirstBoot && !vm.Flag("nowait");
        using (host.Lock(uuid))
        {
            CarryOut(CreatePlan.For(vm, facts));
        }
        host.Publish(uuid);
        if (waits)
        {
            new FirstBoot(host).WaitAndFinish(uuid, CancellationToken.None);
        }
        return uuid;
    }

    private void CarryOut(CreatePlan plan)
    {
        using var undo = new UndoStack(host.Say);
        string uuid = plan.Vm.Text("uuid")!;
        var name = ZoneName.Parse(plan.Vm.ZoneName);
        ZoneConfig? config = null;
        foreach (var step in plan.Steps)
        {
            host.Trace(step.Does);
            switch (step)
            {
                case CreateStep.Claim:
                    using (AddressClaim.Take(host, plan.Vm, null))
                    {
                        config = host.Zones.Create(FirstConfig(plan.Vm), uuid, ZoneState.Incomplete);
                    }
                    undo.Push(step.Undo!, () =>
                    {
                        host.Zones.Remove(name);
                        host.Publish(uuid);
                    });
                    // Its addresses are its own from here on, and nobody's lease.
                    host.PublishNics(uuid);
                    break;
                case CreateStep.CloneRoot clone:
                    host.Datasets.Clone(clone.Image, clone.Dataset, clone.Properties);
                    undo.Push(step.Undo!, () => DatasetRemoval.DestroyZone(host.Datasets, clone.Dataset, plan.Vm.ZonePath));
                    host.Datasets.Mount(clone.Dataset);
                    ZoneFolder.KeepOnlyRoot(plan.Vm.ZonePath);
                    break;
                case CreateStep.MakeRoot make:
                    host.Datasets.Create(make.Dataset, make.Properties);
                    undo.Push(step.Undo!, () => DatasetRemoval.DestroyZone(host.Datasets, make.Dataset, plan.Vm.ZonePath));
                    host.Datasets.Mount(make.Dataset);
                    break;
                case CreateStep.Disk disk:
                    new VolumeWork(host).Do(disk.Volume, disk.Volume.Dataset.IsWithin(DatasetName.Parse(plan.Vm.RootDataset)) ? null : undo);
                    break;
                case CreateStep.MakeData data:
                    host.Datasets.Create(data.Dataset, data.Properties);
                    break;
                case CreateStep.WriteConfigFiles:
                    ConfigFiles.WriteNew(plan.Vm, sync: !host.Datasets.EachIsAFileSystem);
                    break;
                case CreateStep.PrepareMachineRoot:
                    PrepareMachineRoot(plan.Vm);
                    break;
                case CreateStep.PrepareRoot:
                    PrepareRoot(plan.Vm, sync: !host.Datasets.EachIsAFileSystem);
                    break;
                case CreateStep.Install install:
                    if (host.Datasets.EachIsAFileSystem || plan.Vm.IsMachine)
                    {
                        DurableFile.SyncFileSystem(plan.Vm.ZonePath);
                    }
                    if (!install.HasFirstBoot)
                    {
                        config = config!.WithAttr(ZoneConfigMapping.Provisioning, null).WithAttr(ZoneConfigMapping.ProvisioningTimeout, null);
                        host.Zones.Save(config);
                    }
                    if (!install.HasFirstBoot && plan.Vm.Autoboot)
                    {
                        // Nobody waits for a first boot of it: cut short from here on it is booted all the same.
                        undo.Push("remove the note", () => host.Unfinished.Remove(uuid));
                        host.Unfinished.Write(uuid, RunChange.Starting());
                    }
                    host.Zones.SetState(name, ZoneState.Installed);
                    break;
                case CreateStep.Boot:
                    undo.Push(step.Undo!, () =>
                    {
                        host.Runtime.Halt(name);
                        host.Zones.SetState(name, ZoneState.Incomplete);
                    });
                    new Booter(host).Boot(config!);
                    host.Unfinished.Remove(uuid);
                    break;
                default:
                    throw new InvalidOperationException($"no such step: {step.GetType().Name}");
            }
        }
        undo.Commit();
    }

    private static void PrepareMachineRoot(VmSpec vm)
    {
        foreach (string folder in (string[])["cores", "logs"])
        {
            Directory.CreateDirectory(Path.Combine(vm.ZonePath, folder), OwnersOnly);
        }
        File.SetUnixFileMode(vm.ZonePath, OwnersOnly);
        MachineRoot.Make(ZoneRootFiles.RootOf(vm.ZonePath));
    }

    private const UnixFileMode OwnersOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Puts into a fresh clone what a zone finds at its first boot.</summary>
    /// <param name="vm">Whose.</param>
    /// <param name="sync">False: the caller brings all that he writes to the disk at once.</param>
    /// <exception cref="LumosException">ImageHasNoRoot.</exception>
    internal static void PrepareRoot(VmSpec vm, bool sync)
    {
        if (!Directory.Exists(ZoneRootFiles.RootOf(vm.ZonePath)))
        {
            throw new LumosException("ImageHasNoRoot", $"image {vm.ImageUuid} holds no directory \"root\", so no zone can be made of it");
        }
        // What a tenant makes setuid in its root must not be reachable for the other accounts of the global zone.
        File.SetUnixFileMode(vm.ZonePath, OwnersOnly);
        ZoneRootFiles.Prepare(vm, sync);
    }

    private static ZoneConfig FirstConfig(VmSpec vm) =>
        AwaitingFirstBoot(ZoneConfigMapping.ToConfig(vm, null), vm.Integer("mdata_exec_timeout") ?? DefaultTimeout);

    /// <summary>A configuration with the marks of a VM whose first boot is to come.</summary>
    internal static ZoneConfig AwaitingFirstBoot(ZoneConfig config, long seconds) => config
        .WithAttr(ZoneConfigMapping.Provisioning, "true", "boolean")
        .WithAttr(ZoneConfigMapping.ProvisioningTimeout, seconds.ToString(System.Globalization.CultureInfo.InvariantCulture));
}
