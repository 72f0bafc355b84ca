using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Zones.Config;
using Lumos.Zones.Configure;

namespace Lumos.Zones.Administration;

// Zones that go from one machine to another: their configuration goes along in their zonepath.
public sealed partial class ZoneInstaller
{
    /// <summary>In the zonepath of a detached zone: its configuration.</summary>
    internal const string DetachedFile = ConfigTemplate.DetachedFile;

    /// <summary>Leaves the zone's files where they are, with its configuration among them; the zone is configured then.</summary>
    public void Detach(ZoneName name)
    {
        using var held = Lock(name);
        var (config, _) = Require(name, "detach", ZoneState.Installed);
        ZoneDatasets.Mount(datasets, config, layout.MountRoot);
        AtomicFile.Write(Path.Combine(config.ZonePath, DetachedFile), ZoneConfigXml.Write(config), 0x180);
        _store.SetState(name, ZoneState.Configured);
    }

    /// <summary>
    /// Takes up files that are there; the zone is installed then. A configuration among them has to be one of the same brand; there
    /// is none where a zone's datasets were sent by "zfs send" and its configuration by "zonecfg export", as SmartOS's guide has it.
    /// </summary>
    /// <param name="force">Whatever the configuration among them says.</param>
    public void Attach(ZoneName name, bool force)
    {
        using var held = Lock(name);
        var (config, _) = Require(name, "attach", ZoneState.Configured);
        ZoneDatasets.Mount(datasets, config, layout.MountRoot);
        string file = Path.Combine(config.ZonePath, DetachedFile);
        if (!force && File.Exists(file) && ZoneConfigXml.Read(File.ReadAllText(file), file).Brand is var brand && brand != config.Brand)
        {
            throw new LumosException("OtherBrand", $"{config.ZonePath} holds a zone of brand {brand}, and zone '{name}' has {config.Brand}");
        }
        PrepareFolders(config);
        _store.SetState(name, ZoneState.Installed);
        AtomicFile.Remove(file);
    }

    /// <summary>What would keep a zone described by <paramref name="xml"/> (detach -n) from being attached here.</summary>
    public static IReadOnlyList<string> AttachFaults(string xml, string origin)
    {
        var zone = ZoneConfigXml.Read(xml, origin);
        return zone.Brand.CanRun ? ConfigCheck.Faults(zone) : [$"brand {zone.Brand} cannot be booted by this system", .. ConfigCheck.Faults(zone)];
    }
}
