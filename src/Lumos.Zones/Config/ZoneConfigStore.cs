using System.Globalization;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Linux.Files;

namespace Lumos.Zones.Config;

/// <summary>
/// The zones' configurations on disk. The line in the index is what makes a zone exist: it is written after the XML and
/// removed before it, so a power cut leaves at worst an XML file that no line names, which the next zone of that name replaces.
/// </summary>
public sealed class ZoneConfigStore(ZoneLayout layout)
{
    private const int MaxZoneDid = 65534; // the last range of ids that fits into 32 bits

    /// <summary>The table as it is now; a machine that never had a zone has the empty one.</summary>
    public ZoneIndex ReadIndex()
    {
        try
        {
            return ZoneIndex.Parse(File.ReadAllText(layout.IndexFile));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return ZoneIndex.Empty;
        }
    }

    /// <exception cref="LumosException">ZoneNotConfigured, InvalidZoneConfig</exception>
    public ZoneConfig Load(ZoneName name) => TryLoad(name)
        ?? throw new LumosException("ZoneNotConfigured", $"zone '{name}' is not configured");

    /// <summary>Null: there is no such file.</summary>
    public ZoneConfig? TryLoad(ZoneName name)
    {
        string file = layout.ConfigFile(name);
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        var config = ZoneConfigXml.Read(text, file);
        return config.Name == name
            ? config
            : throw new LumosException("InvalidZoneConfig", $"{file} describes zone '{config.Name}', not '{name}'");
    }

    /// <summary>Enters a new zone, with a number (zonedid) of its own. Returns it with that number.</summary>
    /// <param name="state">Configured; incomplete, when whoever enters it goes on to make its root.</param>
    /// <exception cref="LumosException">ZoneExists</exception>
    public ZoneConfig Create(ZoneConfig config, string uuid, ZoneState state = ZoneState.Configured)
    {
        Directory.CreateDirectory(layout.Configurations);
        using var held = LockIndex();
        var index = ReadIndex();
        if (index.Find(config.Name) is not null)
        {
            throw new LumosException("ZoneExists", $"zone '{config.Name}' already exists");
        }
        var (numbered, files) = Numbered(config, index);
        var entry = new ZoneIndexEntry(config.Name, state, config.ZonePath, uuid);
        AtomicFile.WriteAll([.. files, AtomicFile.Text(layout.IndexFile, index.With(entry).ToString())]);
        return numbered;
    }

    /// <summary>Replaces the configuration of a zone that exists.</summary>
    public void Save(ZoneConfig config) => AtomicFile.Write(layout.ConfigFile(config.Name), ZoneConfigXml.Write(config), 0x180);

    /// <summary>
    /// Saves what zonecfg made: a new zone, a changed one, or one with another name, in one change of the index. Returns it with
    /// its number.
    /// </summary>
    /// <param name="saved">The configuration it was made from, as it was read; null: a new zone.</param>
    /// <exception cref="LumosException">ZoneExists, UuidInUse, ConfigurationChanged, ZoneInstalled</exception>
    public ZoneConfig Commit(ZoneConfig config, string uuid, ZoneConfig? saved)
    {
        if (saved is null)
        {
            RequireFreeUuid(ReadIndex(), config.Name, uuid);
            return Create(config, uuid);
        }
        using var held = LockIndex();
        var index = ReadIndex();
        if (TryLoad(saved.Name) is not { } now || ZoneConfigXml.Write(now) != ZoneConfigXml.Write(saved) || index.Find(saved.Name) is not { } entry)
        {
            throw new LumosException("ConfigurationChanged", $"the configuration of zone '{saved.Name}' has changed meanwhile; begin again");
        }
        bool moved = config.Name != saved.Name || config.ZonePath != saved.ZonePath || uuid != entry.Uuid || config.Brand != saved.Brand;
        if (moved && entry.State != ZoneState.Configured)
        {
            throw new LumosException("ZoneInstalled", $"zone '{saved.Name}' is {entry.State.Word}; its name, path, brand and uuid are fixed");
        }
        if (config.Name != saved.Name && index.Find(config.Name) is not null)
        {
            throw new LumosException("ZoneExists", $"zone '{config.Name}' already exists");
        }
        RequireFreeUuid(index, saved.Name, uuid);
        var (numbered, files) = Numbered(config, index);
        AtomicFile.WriteAll(files);
        if (moved)
        {
            Write(index.Renamed(saved.Name, entry with { Name = numbered.Name, Path = numbered.ZonePath, Uuid = uuid }));
        }
        if (numbered.Name != saved.Name)
        {
            AtomicFile.Remove(layout.ConfigFile(saved.Name));
        }
        return numbered;
    }

    private static void RequireFreeUuid(ZoneIndex index, ZoneName name, string uuid)
    {
        if (index.Zones.FirstOrDefault(z => z.Uuid == uuid && z.Name != name) is { } other)
        {
            throw new LumosException("UuidInUse", $"uuid {uuid} is that of zone '{other.Name}'; leave \"set uuid\" out to get another");
        }
    }

    /// <summary>Sets the stored state: configured, incomplete or installed.</summary>
    public void SetState(ZoneName name, ZoneState state)
    {
        if (!state.IsStored)
        {
            throw new ArgumentOutOfRangeException(nameof(state));
        }
        using var held = LockIndex();
        var index = ReadIndex();
        var entry = index.Find(name) ?? throw new LumosException("ZoneNotConfigured", $"zone '{name}' is not configured");
        Write(index.With(entry with { State = state }));
    }

    /// <summary>Forgets the zone; one that is not there is no error.</summary>
    public void Remove(ZoneName name)
    {
        using var held = LockIndex();
        var index = ReadIndex();
        if (index.Find(name) is not null)
        {
            Write(index.Without(name));
        }
        AtomicFile.Remove(layout.ConfigFile(name));
    }

    private FileLock LockIndex() => FileLock.Acquire(layout.IndexLock);

    private void Write(ZoneIndex index) => AtomicFile.Write(layout.IndexFile, index.ToString());

    // The configuration with a number, and the files that hold both; the number is spent before anything bears it.
    private (ZoneConfig Config, IReadOnlyList<FileContent> Files) Numbered(ZoneConfig config, ZoneIndex index)
    {
        var files = new List<FileContent>();
        if (config.ZoneDid is null)
        {
            var (number, next) = NextZoneDid(index);
            config = config with { ZoneDid = number };
            files.Add(AtomicFile.Text(layout.NextDebugIdFile, next.ToString(CultureInfo.InvariantCulture) + "\n"));
        }
        files.Add(AtomicFile.Text(layout.ConfigFile(config.Name), ZoneConfigXml.Write(config), 0x180));
        return (config, files);
    }

    // Numbers are not used twice, so that nothing a dead zone left behind belongs to a new one, until they run out.
    private (int Number, int Next) NextZoneDid(ZoneIndex index)
    {
        int next;
        if (File.Exists(layout.NextDebugIdFile)
            && int.TryParse(File.ReadAllText(layout.NextDebugIdFile).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int stored))
        {
            next = stored;
        }
        else
        {
            next = UsedZoneDids(index).DefaultIfEmpty(0).Max() + 1;
        }
        if (next > MaxZoneDid)
        {
            var used = UsedZoneDids(index).ToHashSet();
            int free = Enumerable.Range(1, MaxZoneDid).FirstOrDefault(d => !used.Contains(d));
            return free > 0
                ? (free, next)
                : throw new LumosException("TooManyZones", $"all {MaxZoneDid} ranges of user ids are in use; delete a zone first");
        }
        return (next, next + 1);
    }

    private IEnumerable<int> UsedZoneDids(ZoneIndex index) =>
        index.Zones.Select(z => TryLoad(z.Name)?.ZoneDid).OfType<int>();
}
