using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Files;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Snapshots;

/// <summary>
/// The copy of a VM's zone configuration that lies in its dataset, ZONEPATH/config/zone.xml, written right before a snapshot is
/// taken: so the snapshot holds it at the same instant as the files. The live configuration is /etc/zones/UUID.xml alone.
/// </summary>
public static class KeptConfiguration
{
    private const string FileName = "zone.xml";

    /// <summary>One that says it already is left as it is: a VM that has no room left can have its snapshot.</summary>
    /// <exception cref="LumosException">NoRoom.</exception>
    public static void Keep(ZoneConfig config)
    {
        string file = Path.Combine(Folder(config.ZonePath), FileName), text = ZoneConfigXml.Write(config);
        if (!File.Exists(file) || File.ReadAllText(file) != text)
        {
            ZoneRoom.Write(config.Name.Text, () => AtomicFile.Write(file, text, 0x180));
        }
    }

    /// <summary>The one in a dataset as it is mounted; null: it holds none.</summary>
    public static ZoneConfig? In(string zonePath) => Read(zonePath, zonePath);

    /// <summary>The one in a snapshot; null: it holds none.</summary>
    public static ZoneConfig? Of(IDatasets datasets, SnapshotName snapshot)
    {
        ZoneConfig? found = null;
        datasets.LookInto(snapshot, folder => found = Read(folder, snapshot.ToString()));
        return found;
    }

    /// <summary>
    /// The configuration after a rollback. Who the VM is stays: its name, place, brand, number, first boot and whether it is on its way elsewhere; everything else is
    /// what the snapshot says.
    /// </summary>
    public static ZoneConfig Restored(ZoneConfig now, ZoneConfig then)
    {
        var result = then with { Name = now.Name, ZonePath = now.ZonePath, Brand = now.Brand, ZoneDid = now.ZoneDid, Autoboot = now.Autoboot };
        foreach (string attr in (string[])[ZoneConfigMapping.Provisioning, ZoneConfigMapping.ProvisioningTimeout, ZoneConfigMapping.Failed, "create-timestamp",
            Receive.ReceiveMark.Name, Migrate.MigrationMark.Name])
        {
            result = result.WithAttr(attr, now.Attr(attr), now.Attrs.FirstOrDefault(a => a.Name == attr)?.Type ?? "string");
        }
        return result;
    }

    private static string Folder(string zonePath) => ConfigFiles.Folder(zonePath);

    // A snapshot that was received may have a link there; no path of it leads out.
    private static ZoneConfig? Read(string zonePath, string origin)
    {
        try
        {
            using var folder = RootedDirectory.Open(zonePath);
            return ZoneConfigXml.Read(folder.ReadText(Path.Combine(Path.GetFileName(Folder(zonePath)), FileName)), $"the configuration in {origin}");
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }
    }
}
