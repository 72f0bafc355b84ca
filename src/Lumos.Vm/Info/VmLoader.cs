using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Info;

/// <summary>
/// Loads VMs from what is true of them: the index and XML files, the JSON files, one look at the datasets, the run-time
/// state. vminfod keeps what this loads; vmadm calls it itself when vminfod is down. No process is started for a VM: the
/// whole machine costs one listing of datasets.
/// </summary>
public sealed class VmLoader(ZoneLayout layout, IZoneRuntime runtime, IDatasets datasets, HostIdentity host)
{
    private readonly ZoneConfigStore _zones = new(layout);

    public HostIdentity Host => host;

    /// <summary>Every VM of the machine; one whose configuration is damaged is left out and told to <paramref name="complain"/>.</summary>
    public IReadOnlyList<VmInfo> LoadAll(Action<string, Exception> complain)
    {
        var index = _zones.ReadIndex().Zones.ToList();
        if (index.Count == 0)
        {
            return [];
        }
        var facts = DatasetsByName();
        var result = new List<VmInfo>(index.Count);
        foreach (var entry in index)
        {
            try
            {
                if (Load(entry, name => facts.GetValueOrDefault(name)) is { } vm)
                {
                    result.Add(vm);
                }
            }
            catch (LumosException e)
            {
                complain(entry.Name.Text, e);
            }
        }
        return result;
    }

    /// <summary>One VM by its uuid; null: there is none.</summary>
    public VmInfo? Load(string uuid) => Entry(uuid) is { } entry ? Load(entry, OneDataset) : null;

    /// <summary>One VM whose dataset is known to be as it was.</summary>
    public VmInfo? Load(string uuid, DatasetFacts dataset) => Entry(uuid) is { } entry ? Load(entry, _ => dataset) : null;

    /// <summary>The same VM with its run-time state as it is now.</summary>
    public VmInfo? Refresh(VmInfo vm) => Entry(vm.Uuid) is { } entry ? vm.With(runtime.Status(entry), host) : null;

    /// <summary>The line of the index that a VM has; null: none.</summary>
    public ZoneIndexEntry? Entry(string uuid) =>
        _zones.ReadIndex().Zones.FirstOrDefault(e => e.Uuid == uuid || (e.Uuid.Length == 0 && e.Name.Text == uuid));

    /// <summary>The stored configuration of a VM, without a look at anything else.</summary>
    /// <param name="config">Of the zone.</param>
    /// <param name="uuid">Of the VM.</param>
    /// <param name="folder">Where its dataset is seen; null: at its zonepath.</param>
    public static VmSpec Spec(ZoneConfig config, string uuid, string? folder = null)
    {
        var properties = ZoneConfigMapping.FromConfig(config, uuid);
        ConfigFiles.Load(properties, folder ?? config.ZonePath);
        if (config.ZoneDid is { } did)
        {
            properties["zonedid"] = did;
        }
        return new VmSpec(Payload.Normaliser.Ordered(properties));
    }

    /// <summary>When any of the files that hold the configuration was last replaced.</summary>
    private string LastModified(string zonePath, ZoneName name) => Payload.Normaliser.Timestamp(ConfigFiles.Paths(zonePath)
        .Prepend(layout.ConfigFile(name)).Select(path => File.GetLastWriteTimeUtc(path)).Max());

    /// <summary>The same of a VM that was loaded, as its files are now.</summary>
    public string LastModified(VmInfo vm) => LastModified(vm.Spec.ZonePath, ZoneName.Parse(vm.Spec.ZoneName));

    private VmInfo? Load(ZoneIndexEntry entry, Func<string, DatasetFacts?> dataset)
    {
        if (_zones.TryLoad(entry.Name) is not { } config)
        {
            return null; // removed between the index and now
        }
        var spec = Spec(config, entry.Uuid.Length > 0 ? entry.Uuid : entry.Name.Text).With("last_modified", LastModified(config.ZonePath, config.Name));
        var facts = entry.State == ZoneState.Configured ? null : dataset(spec.RootDataset);
        if (facts is not null)
        {
            // What the dataset holds belongs to the configuration as well: an update compares with it.
            var withDataset = (JsonObject)spec.Properties.DeepClone();
            facts.AddTo(withDataset, spec);
            withDataset.Remove("zfs_filesystem");
            withDataset.Remove("free_space");
            spec = new VmSpec(Payload.Normaliser.Ordered(withDataset));
        }
        return VmInfo.Create(spec, runtime.Status(entry), facts ?? DatasetFacts.None, host);
    }

    /// <summary>What every root dataset of the machine says now, by its name.</summary>
    public Dictionary<string, DatasetFacts> DatasetsByName() =>
        DatasetFacts.ByName(datasets.List(null, DatasetKinds.Live, depth: 2, DatasetFacts.Names));

    private DatasetFacts? OneDataset(string name)
    {
        try
        {
            return DatasetFacts.ByName(datasets.List(DatasetName.Parse(name), DatasetKinds.Live, depth: 1, DatasetFacts.Names)).GetValueOrDefault(name);
        }
        catch (DatasetException e) when (e.Code == DatasetException.NotFoundCode)
        {
            return null;
        }
    }
}
