using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Host;
using Lumos.Zones;
using Lumos.Zones.Config;
using Lumos.Zones.Machines;

namespace Lumos.Vm.Lifecycle;

/// <summary>Boots zones from their configuration as it is on disk. The caller holds the VM's lock.</summary>
public sealed class Booter(VmHost host)
{
    /// <param name="config">As it is on disk.</param>
    /// <param name="restarts">The restarts after crashes that this is the last of; null: somebody asked for the boot.</param>
    /// <param name="once">Of a machine: what it is given for this boot.</param>
    public void Boot(ZoneConfig config, ZoneRestarts? restarts = null, StartOptions? once = null)
    {
        var dataset = config.ZonePath.Split('/') is [.., var pool, var leaf] && DatasetName.TryParse($"{pool}/{leaf}", out var name) ? name : null;
        if (dataset is not null && !Directory.Exists(Path.Combine(config.ZonePath, "root")))
        {
            host.Datasets.Mount(dataset);
        }
        Migrate.MigrationMark.ForgetStop(host, config.Name);
        var spec = CloudInit.SeedDisk.Attach(Spec(config) with { Restarts = restarts ?? ZoneRestarts.None }, config);
        host.Runtime.Boot(once is not null && spec.Machine is { } machine ? spec with { Machine = once.Of(machine) } : spec);
        if (dataset is not null && !config.Brand.IsHvm)
        {
            host.Checkpoints.Bring(config.Name, dataset);
        }
    }

    public void Boot(string zoneName, StartOptions? once = null) => Boot(host.Zones.Load(ZoneName.Parse(zoneName)), once: once);

    /// <summary>Puts changed limits on a zone that runs.</summary>
    public void ApplyLimits(ZoneConfig config) => host.Runtime.ApplyLimits(Spec(config));

    /// <summary>A tag that went away since the NIC was made would leave the zone without a link.</summary>
    /// <exception cref="LumosException">NicTagMissing.</exception>
    public void CheckNicTags(VmSpec vm, string doing)
    {
        var tags = host.Neighbours.NicTags();
        foreach (var nic in vm.Nics)
        {
            string tag = JsonText.Plain(nic["nic_tag"]);
            if (!tags.ContainsKey(tag))
            {
                throw new LumosException("NicTagMissing", $"Cannot {doing} vm: nic tag \"{tag}\" of {JsonText.Plain(nic["interface"])} "
                    + "is not on this machine any more");
            }
        }
    }

    /// <summary>What a zone's configuration comes to.</summary>
    public static ZoneSpec Spec(ZoneConfig config)
    {
        string routes = Path.Combine(ConfigFiles.Folder(config.ZonePath), "routes.json");
        return ZoneSpecReader.Read(config, File.Exists(routes) ? File.ReadAllText(routes) : null, config.IsDocker ? ZoneSpecReader.ReadMetadata(config) : null);
    }
}
