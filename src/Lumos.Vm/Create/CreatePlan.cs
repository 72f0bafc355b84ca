using System.Collections.Immutable;
using System.Text;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Disks;
using Lumos.Vm.Payload;

namespace Lumos.Vm.Create;

/// <summary>One step of a create: what it does and how it is undone when a later one fails.</summary>
public abstract record CreateStep(string Does, string? Undo)
{
    /// <summary>Enters the zone, incomplete: from here on the uuid is taken, and what a kill or a power cut leaves of it is destroyed.</summary>
    public sealed record Claim(VmSpec Vm) : CreateStep($"enter zone {Vm.ZoneName} as incomplete", "remove its configuration");

    public sealed record CloneRoot(SnapshotName Image, DatasetName Dataset, ImmutableSortedDictionary<string, string> Properties)
        : CreateStep($"clone {Image} to {Dataset} ({string.Join(' ', Properties.Select(p => $"{p.Key}={p.Value}"))})", $"destroy {Dataset}");

    /// <summary>The dataset of a hardware VM, beside whose files its disks lie.</summary>
    public sealed record MakeRoot(DatasetName Dataset, ImmutableSortedDictionary<string, string> Properties)
        : CreateStep($"make {Dataset} ({string.Join(' ', Properties.Select(p => $"{p.Key}={p.Value}"))})", $"destroy {Dataset}");

    /// <summary>A disk goes with the dataset that it lies in; one in another pool is taken back by itself.</summary>
    public sealed record Disk(VolumeStep Volume) : CreateStep(Volume.Does, null);

    public sealed record PrepareMachineRoot(VmSpec Vm) : CreateStep($"make the names in {Vm.ZonePath}/root that QEMU's zone has", null);

    /// <summary>The dataset that the zone may do with as it likes; it goes with the one it lies in.</summary>
    public sealed record MakeData(DatasetName Dataset, ImmutableSortedDictionary<string, string> Properties)
        : CreateStep($"make {Dataset} for the zone ({string.Join(' ', Properties.Select(p => $"{p.Key}={p.Value}"))})", null);

    public sealed record WriteConfigFiles(VmSpec Vm) : CreateStep($"write {Vm.ZonePath}/config/*.json", null);

    public sealed record PrepareRoot(VmSpec Vm) : CreateStep(
        $"write hostname, hosts{(Vm.List("resolvers").Any() ? ", resolv.conf" : "")}{(Vm.IsDocker ? "" : ", first boot marker")} in {Vm.ZonePath}/root", null);

    /// <summary>The commit: all that was made is on the disk, and from here on the VM exists.</summary>
    public sealed record Install(VmSpec Vm, bool HasFirstBoot) : CreateStep(
        HasFirstBoot ? "set its state to installed" : "note that no first boot is awaited, set its state to installed", null);

    public sealed record Boot(VmSpec Vm) : CreateStep("boot", "halt");
}

/// <summary>The steps of a create, in order. A function of the configuration and the facts; rendered in golden tests.</summary>
public sealed record CreatePlan(VmSpec Vm, ImmutableArray<CreateStep> Steps)
{
    /// <summary>Plans for a configuration that <see cref="SpecValidator"/> passed.</summary>
    public static CreatePlan For(VmSpec vm, HostFacts host)
    {
        var steps = ImmutableArray.CreateBuilder<CreateStep>();
        steps.Add(new CreateStep.Claim(vm));
        if (vm.IsMachine)
        {
            AddDisks(steps, vm, host);
        }
        else
        {
            steps.Add(new CreateStep.CloneRoot(SnapshotName.Parse(host.Image!.Snapshot), DatasetName.Parse(vm.RootDataset), DatasetProperties(vm)));
        }
        if (vm.HasData)
        {
            steps.Add(new CreateStep.MakeData(DatasetName.Parse(vm.DataDataset), DataProperties(vm)));
        }
        steps.Add(new CreateStep.WriteConfigFiles(vm));
        steps.Add(vm.IsMachine ? new CreateStep.PrepareMachineRoot(vm) : new CreateStep.PrepareRoot(vm));
        // What runs in a docker zone, or in a machine, knows nothing of a first boot: it is over when the program runs.
        steps.Add(new CreateStep.Install(vm, HasFirstBoot: vm.HasFirstBoot));
        if (vm.Autoboot)
        {
            steps.Add(new CreateStep.Boot(vm));
        }
        return new CreatePlan(vm, steps.ToImmutable());
    }

    private static void AddDisks(ImmutableArray<CreateStep>.Builder steps, VmSpec vm, HostFacts host)
    {
        steps.Add(new CreateStep.MakeRoot(DatasetName.Parse(vm.RootDataset), DatasetProperties(vm)));
        foreach (var disk in vm.Disks)
        {
            if (DiskRules.OwnDataset(disk, vm) is { } dataset)
            {
                var image = DiskRules.ImageOf(disk, host) is { } facts ? SnapshotName.Parse(facts.Snapshot) : null;
                steps.AddRange(VolumeSteps.Making(disk, DatasetName.Parse(dataset), image, host.VolumesAreFiles).Select(step => new CreateStep.Disk(step)));
            }
        }
    }

    /// <summary>The properties of the root dataset.</summary>
    public static ImmutableSortedDictionary<string, string> DatasetProperties(VmSpec vm)
    {
        var properties = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        properties["mountpoint"] = vm.ZonePath;
        properties["canmount"] = "on";
        // Device nodes a tenant makes are of no use to it, and of none to us.
        properties["devices"] = "off";
        properties[QuotaProperty(vm)] = Quota(vm.Quota);
        if (Budget(vm) is { } budget)
        {
            properties["quota"] = budget;
        }
        foreach (var row in Properties.PropertyTable.Rows)
        {
            if (row.Store is Properties.PropertyStore.Zfs(var name) && name != "quota" && vm.Properties[row.Name] is { } value
                && !(row.Name is "zfs_root_compression" or "zfs_root_recsize" && IsDefault(row, value)))
            {
                properties[name] = JsonText.Plain(value);
            }
        }
        return properties.ToImmutable();
    }

    /// <summary>The properties of the dataset that the zone is given: a default is set where the root has something else that it would inherit.</summary>
    public static ImmutableSortedDictionary<string, string> DataProperties(VmSpec vm)
    {
        var properties = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        properties["zoned"] = "on"; // from the first moment: nobody else mounts it, now or ever
        var inherited = DatasetProperties(vm);
        foreach (var row in Properties.PropertyTable.Rows)
        {
            if (row.Store is Properties.PropertyStore.DataZfs(var name) && vm.Properties[row.Name] is { } value
                && (!IsDefault(row, value) || inherited.ContainsKey(name)))
            {
                properties[name] = JsonText.Plain(value);
            }
        }
        return properties.ToImmutable();
    }

    /// <summary>Disks lie below a machine's root, and have sizes of their own.</summary>
    public static string QuotaProperty(VmSpec vm) => vm.IsMachine ? "refquota" : "quota";

    /// <summary>Bytes of all that a machine with flexible_disk_size may have: files, disks and their snapshots; null: it has no such limit.</summary>
    public static string? Budget(VmSpec vm) => vm.IsMachine && vm.Integer("flexible_disk_size") is { } mebibytes
        ? vm.Quota == 0 ? "none" : ((vm.Quota << 30) + (mebibytes << 20)).ToString(System.Globalization.CultureInfo.InvariantCulture)
        : null;

    /// <summary>GiB as ZFS takes it; 0: none.</summary>
    public static string Quota(long gibibytes) => gibibytes == 0 ? "none" : (gibibytes << 30).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>One line a step, its undo behind it.</summary>
    public string Render()
    {
        var text = new StringBuilder();
        for (int i = 0; i < Steps.Length; i++)
        {
            text.Append(i + 1).Append(". ").Append(Steps[i].Does);
            if (Steps[i].Undo is { } undo)
            {
                text.Append("  [undo: ").Append(undo).Append(']');
            }
            text.Append('\n');
        }
        return text.ToString();
    }

    // A default is inherited, not set: the pool's own compression then counts for the clone.
    private static bool IsDefault(Properties.Property row, System.Text.Json.Nodes.JsonNode value) =>
        JsonText.Plain(PropertyValue.Default(row)) == JsonText.Plain(value);
}
