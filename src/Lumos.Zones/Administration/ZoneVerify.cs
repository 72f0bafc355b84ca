using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Zones.Config;
using Lumos.Zones.Configure;
using Lumos.Zones.Runtime;

namespace Lumos.Zones.Administration;

/// <summary>zoneadm verify: what would keep a zone from being installed or booted here, as sentences.</summary>
public static class ZoneVerify
{
    /// <param name="links">How links are named here.</param>
    /// <param name="hasBridge">Whether there is a bridge of that name.</param>
    public static IReadOnlyList<string> Faults(
        ZoneConfig zone, IDatasets datasets, string mountRoot, ZoneLinkNames links, Func<string, bool> hasBridge)
    {
        var faults = new List<string>(ConfigCheck.Faults(zone));
        Try(() =>
        {
            var dataset = ZoneDatasets.Required(zone, mountRoot);
            if (!datasets.Exists(dataset.Parent!))
            {
                throw new LumosException("PoolNotFound", $"zonepath {zone.ZonePath}: there is no pool {dataset.Pool}");
            }
        });
        Try(() =>
        {
            // A number is given at the latest when the zone is saved.
            var spec = ZoneSpecReader.Read(zone with { ZoneDid = zone.ZoneDid ?? 1 }, null);
            ZoneBootOptions.OfConfig(zone.BootArgs).Apply(spec);
            foreach (string bridge in ZoneLinkPlan.Of(spec, links).Pairs.Select(p => p.Bridge).Distinct().Where(b => !hasBridge(b)))
            {
                faults.Add($"net: there is no nic tag {bridge} on this machine");
            }
            faults.AddRange(spec.Datasets.Where(dataset => !datasets.Exists(dataset)).Select(dataset => $"dataset {dataset}: it does not exist"));
            faults.AddRange(spec.Mounts.Where(m => m.Type == "lofs" && !Directory.Exists(m.Source) && !File.Exists(m.Source))
                .Select(m => $"fs {m.Target}: {m.Source} is not there"));
        });
        return faults;

        void Try(Action check)
        {
            try
            {
                check();
            }
            catch (LumosException e)
            {
                faults.Add(e.Message);
            }
        }
    }
}
