using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Files;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Vm.Snapshots;
using Lumos.Zones.Config;

namespace Lumos.Vm.Archive;

// Purpose. archive_on_delete: what tells why a VM was as it was outlives it: configuration, properties of its datasets, cores, logs.
// It is no backup: of the root only logs are kept.
//
// On disk. /zones/archive/UUID (/POOL/archive where the system's pool bears another name), in a dataset of its own, for root alone: vm.json, zone.xml, zfs.dump, config/, cores/, console/, and
// of the root logs/ (lx) or svclogs/ and admmsgs/ (the others), as SmartOS lays it out. A VM that was made anew with the uuid of an
// archived one goes to UUID.2 and so on.
//
// Failure. It is made under UUID.unfinished, put on the disk and then renamed, before anything of the VM changes: a delete whose
// archive cannot be written is refused, and one that is cut short leaves a VM as it was. What a killed client has left of an archive is
// removed by vmadmd and by whoever archives next.
//
// Trust. Logs lie in the zone's root, where the tenant may have put anything: they are read through RootedDirectory, regular files
// only, of each at most its end and of all together at most MostOfLogs. One that cannot be read is a warning: a tenant must not be able to
// refuse the delete.

/// <summary>Keeps what is left of VMs that are deleted. The caller holds the VM's lock.</summary>
public sealed class VmArchive(VmHost host)
{
    private const string Unfinished = ".unfinished";

    /// <summary>Bytes that stay free beside what is written.</summary>
    private const long Margin = 4 << 20;

    private const UnixFileMode RootOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private DatasetName Dataset { get; } = DatasetName.Parse($"{host.SystemPool}/archive");

    private string Folder => $"{host.MountRoot}/{Dataset}";

    /// <summary>Archives a VM and returns where.</summary>
    /// <exception cref="LumosException">ArchiveFailed: nothing is left of the attempt.</exception>
    public string Save(VmInfo vm, ZoneConfig config)
    {
        string work = Path.Combine(Folder, vm.Uuid + Unfinished);
        try
        {
            host.Trace($"archive it in {Folder}");
            Open();
            Sweep(vm.Uuid);
            var logs = TenantLogs.Of(vm.Spec);
            RequireSpace(vm.Spec, logs);
            Directory.CreateDirectory(work, RootOnly);
            Write(work, vm, config, logs);
            DurableFile.SyncFileSystem(work);
            host.Trace("put the archive in its place");
            return Install(vm, work);
        }
        catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
        {
            Remove(work);
            throw new LumosException("ArchiveFailed", $"archive_on_delete is set, and {Folder}/{vm.Uuid} cannot be written: make room there, or "
                + $"\"vmadm update {vm.Uuid} archive_on_delete=false\"", inner: e);
        }
    }

    /// <summary>Removes what clients that were killed have left of archives. Takes the locks of their VMs, one after the other, where they are free.</summary>
    /// <param name="held">The VM whose lock the caller holds; null: none.</param>
    /// <returns>True: a lock was not free, so something may be left.</returns>
    public bool Sweep(string? held = null)
    {
        bool left = false;
        if (!Directory.Exists(Folder))
        {
            return false;
        }
        foreach (string folder in Directory.EnumerateDirectories(Folder, "*" + Unfinished).ToList())
        {
            string uuid = Path.GetFileName(folder)[..^Unfinished.Length];
            if (uuid == held)
            {
                Remove(folder);
                continue;
            }
            try
            {
                using var free = host.LockAsItIs(uuid, TimeSpan.Zero);
                Remove(folder);
            }
            catch (LumosException e) when (e.Code == "LockTimeout")
            {
                left = true; // somebody is at it
            }
        }
        return left;
    }

    private void Open()
    {
        if (!host.Datasets.Exists(Dataset))
        {
            host.Datasets.Create(Dataset, new Dictionary<string, string> { ["mountpoint"] = Folder });
        }
        host.Datasets.Mount(Dataset);
        Directory.CreateDirectory(Folder);
        File.SetUnixFileMode(Folder, RootOnly);
    }

    private void RequireSpace(VmSpec vm, TenantLogs logs)
    {
        long needed = Margin + logs.Bytes + ((string[])["config", "cores", "logs"]).Sum(folder => SizeOf(Path.Combine(vm.ZonePath, folder)));
        string? text = host.Datasets.GetProperties(Dataset, "available")["available"];
        if (long.TryParse(text, out long available) && available < needed)
        {
            throw new LumosException("NoSpace", $"it takes {new ByteCount(needed)} of {Dataset}, which has {new ByteCount(available)}");
        }
    }

    private void Write(string work, VmInfo vm, ZoneConfig config, TenantLogs logs)
    {
        var shown = (JsonObject)vm.Object.DeepClone();
        shown["snapshots"] = SnapshotFacts.Of(host.Datasets, vm.Spec.RootDataset);
        AtomicFile.Write(Path.Combine(work, "vm.json"), JsonText.Pretty(Payload.Normaliser.Ordered(shown)) + "\n", 0x180);
        AtomicFile.Write(Path.Combine(work, "zone.xml"), ZoneConfigXml.Write(config), 0x180);
        AtomicFile.Write(Path.Combine(work, "zfs.dump"), DatasetDump.Of(host.Datasets, DatasetName.Parse(vm.Spec.RootDataset)), 0x180);
        foreach (var (from, to) in (ReadOnlySpan<(string, string)>)[("config", "config"), ("cores", "cores"), ("logs", "console")])
        {
            string source = Path.Combine(vm.Spec.ZonePath, from);
            if (Directory.Exists(source))
            {
                TreeCopy.Copy(source, Path.Combine(work, to));
            }
        }
        foreach (string sentence in logs.CopyTo(work))
        {
            host.Say(sentence);
        }
    }

    /// <summary>Gives it its name. One of the same VM, of a delete that got no further, is replaced; one of another is left alone.</summary>
    private string Install(VmInfo vm, string work)
    {
        for (int n = 1; ; n++)
        {
            string place = Path.Combine(Folder, n == 1 ? vm.Uuid : $"{vm.Uuid}.{n}");
            if (Directory.Exists(place))
            {
                if (!IsOf(vm, place))
                {
                    continue;
                }
                Remove(place);
            }
            Directory.Move(work, place);
            DurableFile.SyncDirectory(Folder);
            return place;
        }
    }

    private static bool IsOf(VmInfo vm, string place)
    {
        string file = Path.Combine(place, "vm.json");
        return File.Exists(file) && JsonNode.Parse(File.ReadAllText(file)) is JsonObject archived
            && JsonText.Plain(archived["create_timestamp"]) == JsonText.Plain(vm.Object["create_timestamp"]);
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            TreeCopy.RemoveContent(folder);
            Directory.Delete(folder);
        }
    }

    private static long SizeOf(string folder) => Directory.Exists(folder)
        ? new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }).Sum(f => f.Length)
        : 0;
}

/// <summary>What is known of datasets and their snapshots, as lines of name, property and value with tabs between.</summary>
internal static class DatasetDump
{
    private static readonly string[] OfDatasets =
    [
        "type", "creation", "guid", "origin", "used", "available", "quota", "refquota", "reservation", "refreservation", "recordsize", "compression",
        "mountpoint", "canmount", "mounted", "zoned", "devices", "snapshot_limit", "filesystem_limit",
    ];

    // Not the sizes of snapshots: some storages have to walk through all files for them.
    private static readonly string[] OfSnapshots = ["creation", "createtxg", "guid", "clones"];

    public static string Of(IDatasets datasets, DatasetName root)
    {
        var text = new StringBuilder();
        Add(datasets.List(root, DatasetKinds.Live, null, OfDatasets), OfDatasets, text);
        Add(datasets.List(root, DatasetKinds.Snapshot, null, OfSnapshots), OfSnapshots, text);
        return text.ToString();
    }

    private static void Add(IReadOnlyList<DatasetEntry> entries, string[] properties, StringBuilder text)
    {
        foreach (var entry in entries)
        {
            foreach (string property in properties.Where(p => entry[p] is not null))
            {
                text.Append(entry.Name).Append('\t').Append(property).Append('\t').Append(entry[property]).Append('\n');
            }
        }
    }
}
