using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Create;
using Lumos.Vm.Disks;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Payload;
using Lumos.Vm.Properties;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Update;

/// <summary>Changes a VM by a payload: the dataset first (it may refuse), then the configuration, then what runs.</summary>
public sealed class VmUpdater(VmHost host)
{
    /// <summary>Of its note.</summary>
    public const string Verb = "update";

    private const string BeforeKey = "before", AfterKey = "after";

    /// <summary>Checks and applies. The caller prints the changes and the adjustments.</summary>
    /// <param name="uuid">Of the VM.</param>
    /// <param name="payload">What to change.</param>
    /// <param name="report">Gets the faults and adjustments.</param>
    /// <param name="beforeApplying">Called with what is to be done, between the checks and the first change; may throw.</param>
    /// <exception cref="LumosException">VmMustBeStopped; or why it is refused or failed.</exception>
    public UpdatePlan Update(string uuid, JsonObject payload, PayloadReport report, Action<UpdatePlan> beforeApplying)
    {
        UpdatePlan plan;
        using (host.Lock(uuid))
        {
            var vm = host.Load(uuid);
            if (vm.Status.State is ZoneState.Configured or ZoneState.Incomplete)
            {
                throw new LumosException("WrongState", $"VM {uuid} is {vm.State}: it can only be deleted");
            }
            plan = Plan(vm, payload, report);
            report.ThrowIfFaulty();
            beforeApplying(plan);
            RequireStopped(plan, vm);
            new VolumeWork(host).RequireDestructible(Volumes(plan));
            if (!plan.Changes.IsEmpty)
            {
                Apply(plan, vm);
            }
        }
        return plan;
    }

    private UpdatePlan Plan(VmInfo vm, JsonObject payload, PayloadReport report)
    {
        var known = PayloadCheck.Run(BrandTable.Parse(vm.Spec.Brand), PropertyOps.Update, payload, vm.Spec, report);
        var plan = UpdatePlanner.Plan(vm.Spec, known, host.Identities, report);
        var facts = new HostObserver(host).Observe(plan.After);
        if (plan.After.IsMachine)
        {
            plan = UpdatePlanner.Between(plan.Before, DiskRules.FromImages(plan.After, facts, report, plan.Before));
        }
        SpecValidator.Run(plan.After, plan.Before, facts, report);
        return plan;
    }

    private static void RequireStopped(UpdatePlan plan, VmInfo vm)
    {
        if (vm.Status.State.CanHalt && plan.Of(Effect.Stopped) is { Length: > 0 } stopped)
        {
            throw new LumosException("VmMustBeStopped", $"{string.Join(", ", stopped)}: needs the VM stopped, and it is {vm.State}: \"vmadm stop {vm.Uuid}\" first; nothing was changed");
        }
    }

    /// <summary>
    /// Applies all of it or nothing: what was changed is changed back when a later part fails, and what a kill or a power cut leaves is
    /// finished, by the note. A single write needs none.
    /// </summary>
    private void Apply(UpdatePlan plan, VmInfo vm)
    {
        bool runs = vm.Status.State == ZoneState.Running;
        var (lasting, passing) = Parts(plan, Volumes(plan).Count, runs);
        bool noted = lasting + passing > 1;
        if (noted)
        {
            host.Trace("write down that an update is under way");
            host.Unfinished.Write(vm.Uuid, new UnfinishedWork(Verb, new JsonObject
            {
                [BeforeKey] = plan.Before.Properties.DeepClone(), [AfterKey] = plan.After.Properties.DeepClone(),
            })
            {
                EndsWithPower = lasting <= 1,
            });
        }
        try
        {
            Tell(plan, Write(plan), runs);
        }
        finally
        {
            // Before the note goes: vminfod has no event of a dataset, and killed in between we would leave it with the old one for a while.
            host.Publish(vm.Uuid);
            if (noted)
            {
                host.Trace("remove the note");
                host.Unfinished.Remove(vm.Uuid);
            }
        }
    }

    /// <summary>
    /// Finishes an update that was cut short. Where that is refused (a quota that what is in the VM does not fit into) it is taken back
    /// instead. The caller holds the lock.
    /// </summary>
    internal void GoOn(string uuid, UnfinishedWork work)
    {
        if (work.Facts[BeforeKey] is not JsonObject before || work.Facts[AfterKey] is not JsonObject after)
        {
            throw new LumosException("InvalidNote", $"its note does not say what it changed; \"vmadm delete {uuid}\" removes both");
        }
        var plan = UpdatePlanner.Between(new VmSpec(before), new VmSpec(after));
        host.Say($"finishing an update of VM {uuid}, which was cut short");
        ZoneConfig config;
        try
        {
            config = Write(plan, isRepeated: true);
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            host.Say($"it cannot be finished and is taken back: {LumosException.Describe(e)}");
            plan = UpdatePlanner.Between(plan.After, plan.Before);
            config = Write(plan, isTakenBack: true, isRepeated: true);
        }
        try
        {
            Tell(plan, config, host.Load(uuid).Status.State == ZoneState.Running);
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            host.Say($"VM {uuid} has it when it boots: {LumosException.Describe(e)}"); // nobody is there who could be told that it failed
        }
        host.Trace("remove the note");
        host.Unfinished.Remove(uuid);
    }

    /// <summary>How many things a change is made of: those on disk, and those of the running zone, which a power cut takes with it.</summary>
    private static (int Lasting, int Passing) Parts(UpdatePlan plan, int volumes, bool runs)
    {
        var stores = plan.Changes.Select(c => PropertyTable.Find(c.Property)!.Store).ToList();
        int lasting = stores.OfType<PropertyStore.Json>().Select(json => json.File).Distinct().Count()
            + (stores.OfType<PropertyStore.Zfs>().Any() || plan.Touches("flexible_disk_size") ? 1 : 0) + volumes
            + (stores.Any(store => store is not (PropertyStore.Json or PropertyStore.Zfs)) ? 1 : 0)
            + (WritesResolvers(plan) ? 1 : 0);
        return (lasting, runs && plan.Changes.Any(c => c.Effect == Effect.Live && (c.Property is "tmpfs" or "routes" or "disks" || PropertyTable.Find(c.Property)!.Store is PropertyStore.Rctl)) ? 1 : 0);
    }

    private static bool WritesResolvers(UpdatePlan plan) => plan.After.Flag("maintain_resolvers")
        && (plan.Touches("resolvers") || plan.Touches("dns_domain") || plan.Touches("maintain_resolvers"));

    /// <summary>What is on disk: the dataset first (it may refuse), then the configuration. Can be done again.</summary>
    /// <param name="plan">What to write.</param>
    /// <param name="isTakenBack">It is what the VM had, which nobody can refuse: there is no third thing that it could have.</param>
    /// <param name="isRepeated">Part of it may have been done.</param>
    private ZoneConfig Write(UpdatePlan plan, bool isTakenBack = false, bool isRepeated = false)
    {
        using var undo = new UndoStack(host.Say);
        var work = new VolumeWork(host);
        var volumes = Volumes(plan, mayMake: !isTakenBack);
        foreach (var (of, after) in (ReadOnlySpan<(string, Func<VmSpec, Dictionary<string, string>>)>)
            [(plan.After.DataDataset, vm => DataProperties(plan, vm)), (plan.After.RootDataset, vm => RootProperties(plan, vm))])
        {
            var dataset = DatasetName.Parse(of);
            if (after(plan.After) is { Count: > 0 } properties)
            {
                host.Trace($"set {string.Join(' ', properties.Select(p => $"{p.Key}={p.Value}"))} of {dataset}");
                host.Datasets.SetProperties(dataset, properties);
                undo.Push($"set what {dataset} had", () => host.Datasets.SetProperties(dataset, after(plan.Before)));
            }
        }
        foreach (var step in volumes.First)
        {
            host.Trace(step.Does);
            work.Do(step, undo, again: isRepeated);
        }
        var saved = host.Zones.Load(ZoneName.Parse(plan.After.ZoneName));
        var config = ZoneConfigMapping.ToConfig(plan.After, saved);
        using (isTakenBack ? null : AddressClaim.Take(host, plan.After, plan.Before))
        {
            host.Trace("save the configuration");
            host.Zones.Save(config);
        }
        undo.Push("save the configuration as it was", () => host.Zones.Save(saved));
        host.Trace("write what changed of config/*.json");
        undo.Push("write config/*.json as they were", () => ConfigFiles.Write(plan.Before, plan.After));
        try
        {
            ConfigFiles.Write(plan.After, plan.Before);
        }
        catch (IOException e)
        {
            throw new LumosException("UpdateFailed", $"Failed to update VM {plan.After.Text("uuid")}", inner: e);
        }
        foreach (var step in volumes.Last)
        {
            host.Trace(step.Does);
            work.Do(step, null, again: isRepeated);
            undo.Commit(); // what is gone does not come back
        }
        if (LowersBudget(plan))
        {
            SetBudget(plan.After);
        }
        undo.Commit();
        return config;
    }

    private VolumeSteps Volumes(UpdatePlan plan, bool mayMake = true)
    {
        if (!plan.Touches("disks"))
        {
            return new VolumeSteps([], []);
        }
        var steps = VolumeSteps.Between(plan.Before, plan.After, ImageOf, host.Datasets.VolumesAreFiles);
        // A disk that an update took away and that is to be taken back is gone: an empty one would pass for it.
        return mayMake ? steps : steps with { First = [.. steps.First.Where(step => host.Datasets.Exists(step.Dataset))] };
    }

    private SnapshotName ImageOf(JsonObject disk)
    {
        string pool = JsonText.Plain(disk["zpool"]), image = JsonText.Plain(disk["image_uuid"]);
        return Uuid.TryParse(image, out var uuid) && host.Neighbours.Image(pool, uuid) is { } facts ? SnapshotName.Parse(facts.Snapshot)
            : throw new LumosException("ImageMissing", $"image {image} is not on pool {pool}: \"imgadm import {image}\" fetches it");
    }

    // What the disks that go have had is free only then.
    private static bool LowersBudget(UpdatePlan plan) => CreatePlan.Budget(plan.After) is { } after && after != "none" && CreatePlan.Budget(plan.Before) is var before
        && (before is null or "none" || long.Parse(after, CultureInfo.InvariantCulture) < long.Parse(before, CultureInfo.InvariantCulture));

    private void SetBudget(VmSpec vm)
    {
        var dataset = DatasetName.Parse(vm.RootDataset);
        string budget = CreatePlan.Budget(vm) ?? "none";
        host.Trace($"set quota={budget} of {dataset}");
        host.Datasets.SetProperties(dataset, new Dictionary<string, string> { ["quota"] = budget });
    }

    // What is set on the root would reach the dataset below it that has nothing of its own: that keeps what it has.
    private static Dictionary<string, string> DataProperties(UpdatePlan plan, VmSpec vm) => !vm.HasData ? [] : PropertyTable.Rows
        .Where(row => row.Store is PropertyStore.DataZfs && (plan.Touches(row.Name) || plan.Touches(row.Name.Replace("_data_", "_root_"))))
        .ToDictionary(row => ((PropertyStore.DataZfs)row.Store!).Name, row => JsonText.Plain(vm.Properties[row.Name] ?? PropertyValue.Default(row)!));

    private static Dictionary<string, string> RootProperties(UpdatePlan plan, VmSpec vm)
    {
        var properties = new Dictionary<string, string>();
        foreach (var change in plan.Changes)
        {
            if (PropertyTable.Find(change.Property)?.Store is PropertyStore.Zfs(var name))
            {
                properties[name == "quota" ? CreatePlan.QuotaProperty(vm) : name] = name == "quota"
                    ? CreatePlan.Quota(vm.Quota)
                    : (vm.Properties[change.Property] ?? PropertyValue.Default(PropertyTable.Find(change.Property)!)) is { } value ? JsonText.Plain(value)
                    : "none";
            }
        }
        if (plan.After.IsMachine && !LowersBudget(plan) && CreatePlan.Budget(plan.Before) != CreatePlan.Budget(plan.After))
        {
            properties["quota"] = CreatePlan.Budget(vm) ?? "none";
        }
        return properties;
    }

    /// <summary>Brings what has been written to the zone that runs. When that fails the change stands all the same: its next boot has it.</summary>
    private void Tell(UpdatePlan plan, ZoneConfig config, bool runs)
    {
        if (WritesResolvers(plan))
        {
            host.Trace("write the resolvers into the zone");
            ZoneRootFiles.WriteResolvers(plan.After);
        }
        if (!runs)
        {
            return;
        }
        try
        {
            ApplyLive(plan, config);
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            throw new LumosException("NotLive", $"VM {plan.After.Text("uuid")} is changed and has it all when it next boots, but as it runs it could not be given it", inner: e);
        }
    }

    private void TellDisks(UpdatePlan plan)
    {
        var disks = plan.After.Disks.ToList();
        foreach (var grown in Volumes(plan).First.OfType<VolumeStep.Resize>())
        {
            int place = disks.FindIndex(disk => DiskRules.OwnDataset(disk, plan.After) == grown.Name.Value);
            host.Trace($"tell the guest that disk {place} has {grown.Bytes} bytes");
            host.Runtime.GrowDisk(ZoneName.Parse(plan.After.ZoneName), place, grown.Bytes);
        }
    }

    private void ApplyLive(UpdatePlan plan, ZoneConfig config)
    {
        if (plan.Changes.Any(c => c.Effect == Effect.Live && PropertyTable.Find(c.Property)?.Store is PropertyStore.Rctl))
        {
            host.Trace("apply limits to the running zone");
            new Booter(host).ApplyLimits(config);
        }
        if (plan.Changes.Any(c => c is { Property: "tmpfs", Effect: Effect.Live }))
        {
            host.Trace("change the size of the running zone's /tmp");
            host.Runtime.ApplyTmpfs(Booter.Spec(config));
        }
        if (plan.Touches("disks"))
        {
            TellDisks(plan);
        }
        if (plan.Touches("routes"))
        {
            host.Trace("change the running zone's routes");
            // Not what routes.json says: it may have been written before we came to finish this.
            var before = ZoneSpecReader.Read(ZoneConfigMapping.ToConfig(plan.Before, config), plan.Before.Properties["routes"]?.ToJsonString());
            host.Runtime.ApplyRoutes(before, Booter.Spec(config));
        }
    }
}
