using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Create;
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
    /// <summary>Checks and applies. The caller prints the changes and the adjustments.</summary>
    /// <param name="uuid">Of the VM.</param>
    /// <param name="payload">What to change.</param>
    /// <param name="report">Gets the faults and adjustments.</param>
    /// <param name="beforeApplying">Called between the checks and the first change; may throw.</param>
    public UpdatePlan Update(string uuid, JsonObject payload, PayloadReport report, Action beforeApplying)
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
            beforeApplying();
            if (!plan.Changes.IsEmpty)
            {
                Apply(plan, vm);
            }
        }
        host.Publish(uuid);
        return plan;
    }

    private UpdatePlan Plan(VmInfo vm, JsonObject payload, PayloadReport report)
    {
        var known = PayloadCheck.Run(BrandTable.Parse(vm.Spec.Brand), PropertyOps.Update, payload, vm.Spec, report);
        var plan = UpdatePlanner.Plan(vm.Spec, known, host.Identities, report);
        if (vm.Status.State == ZoneState.Running && plan.Changes.Where(c => c.Effect == Effect.Stopped).Select(c => c.Property).ToList() is { Count: > 0 } stopped)
        {
            report.AddFault($"{string.Join(", ", stopped)}: the VM has to be stopped first");
        }
        SpecValidator.Run(plan.After, plan.Before, new HostObserver(host).Observe(plan.After), report);
        return plan;
    }

    /// <summary>Applies all of it or nothing: what was changed is changed back when a later part fails.</summary>
    private void Apply(UpdatePlan plan, VmInfo vm)
    {
        using var undo = new UndoStack(host.Say);
        var dataset = DatasetName.Parse(plan.After.RootDataset);
        var properties = DatasetProperties(plan, plan.After);
        if (properties.Count > 0)
        {
            host.Trace($"set {string.Join(' ', properties.Select(p => $"{p.Key}={p.Value}"))} of {dataset}");
            host.Datasets.SetProperties(dataset, properties);
            undo.Push($"set what {dataset} had", () => host.Datasets.SetProperties(dataset, DatasetProperties(plan, plan.Before)));
        }
        var saved = host.Zones.Load(ZoneName.Parse(plan.After.ZoneName));
        var config = ZoneConfigMapping.ToConfig(plan.After, saved);
        bool runs = vm.Status.State == ZoneState.Running;
        var before = runs && plan.Touches("routes") ? Booter.Spec(saved) : null; // its routes are read from routes.json
        host.Trace("save the configuration");
        host.Zones.Save(config);
        undo.Push("save the configuration as it was", () => host.Zones.Save(saved));
        host.Trace("write what changed of config/*.json");
        undo.Push("write config/*.json as they were", () => ConfigFiles.Write(plan.Before, plan.After));
        ConfigFiles.Write(plan.After, plan.Before);
        undo.Commit();
        Tell(plan, config, runs, before);
    }

    private static Dictionary<string, string> DatasetProperties(UpdatePlan plan, VmSpec vm)
    {
        var properties = new Dictionary<string, string>();
        foreach (var change in plan.Changes)
        {
            if (PropertyTable.Find(change.Property)?.Store is PropertyStore.Zfs(var name))
            {
                properties[name] = name == "quota"
                    ? CreatePlan.Quota(vm.Quota)
                    : JsonText.Plain(vm.Properties[change.Property] ?? PropertyValue.Default(PropertyTable.Find(change.Property)!));
            }
        }
        return properties;
    }

    /// <summary>Brings what has been written to the zone that runs. When that fails the change stands all the same: its next boot has it.</summary>
    private void Tell(UpdatePlan plan, ZoneConfig config, bool runs, ZoneSpec? before)
    {
        if (plan.After.Flag("maintain_resolvers")
            && (plan.Touches("resolvers") || plan.Touches("dns_domain") || plan.Touches("maintain_resolvers")))
        {
            ZoneRootFiles.WriteResolvers(plan.After);
        }
        if (runs)
        {
            ApplyLive(plan, config, before);
        }
    }

    private void ApplyLive(UpdatePlan plan, ZoneConfig config, ZoneSpec? before)
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
        if (before is not null)
        {
            host.Trace("change the running zone's routes");
            host.Runtime.ApplyRoutes(before, Booter.Spec(config));
        }
    }
}
