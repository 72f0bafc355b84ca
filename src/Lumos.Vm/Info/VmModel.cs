using Lumos.Core;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Info;

/// <summary>
/// All VMs in memory. One thread owns it. It holds nothing that is not on disk or in the kernel: losing it costs a reload.
/// </summary>
public sealed class VmModel(VmLoader loader, ZoneConfigStore zones, Action<string, Exception> complain)
{
    private readonly Dictionary<string, VmInfo> _byUuid = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _uuidOfZone = new(StringComparer.Ordinal);

    public int Count => _byUuid.Count;

    /// <summary>The lines of all VMs; each array is never changed.</summary>
    public byte[][] Lines() => [.. _byUuid.Values.Select(vm => vm.Line)];

    public VmInfo? Find(string uuid) => _byUuid.GetValueOrDefault(uuid);

    public IEnumerable<VmInfo> All => _byUuid.Values;

    /// <summary>Forgets everything and loads it again.</summary>
    public void LoadAll()
    {
        var all = loader.LoadAll(complain);
        _byUuid.Clear();
        _uuidOfZone.Clear();
        foreach (var vm in all)
        {
            Put(vm);
        }
    }

    /// <summary>Looks at everything about one VM again, its dataset too. Returns it; null: it is gone.</summary>
    public VmInfo? Reload(string uuid)
    {
        var vm = Try(uuid, () => loader.Load(uuid));
        if (vm is null)
        {
            Drop(uuid);
        }
        else
        {
            Put(vm);
        }
        return vm;
    }

    /// <summary>The index changed: takes in what is new or in another state, drops what is gone. Returns the new and the gone.</summary>
    public void SyncIndex()
    {
        var entries = zones.ReadIndex().Zones.ToDictionary(e => e.Uuid.Length > 0 ? e.Uuid : e.Name.Text, StringComparer.Ordinal);
        foreach (string gone in _byUuid.Keys.Where(uuid => !entries.ContainsKey(uuid)).ToList())
        {
            Drop(gone);
        }
        foreach (var (uuid, entry) in entries)
        {
            if (!_byUuid.TryGetValue(uuid, out var known) || (known.Status.State.IsStored && known.Status.State != entry.State))
            {
                Reload(uuid);
            }
        }
    }

    /// <summary>The configuration of a zone changed; its dataset is as it was.</summary>
    public void ReloadConfig(string zoneName)
    {
        if (!_uuidOfZone.TryGetValue(zoneName, out string? uuid) || _byUuid[uuid].Dataset == DatasetFacts.None)
        {
            Reload(uuid ?? zoneName);
            return;
        }
        if (Try(uuid, () => loader.Load(uuid, _byUuid[uuid].Dataset)) is { } vm)
        {
            Put(vm);
        }
        else
        {
            Drop(uuid);
        }
    }

    /// <summary>The run-time state of a zone changed, and nothing else.</summary>
    public void ReloadStatus(string zoneName)
    {
        if (_uuidOfZone.TryGetValue(zoneName, out string? uuid) && Try(uuid, () => loader.Refresh(_byUuid[uuid])) is { } vm)
        {
            Put(vm);
        }
    }

    private VmInfo? Try(string uuid, Func<VmInfo?> load)
    {
        try
        {
            return load();
        }
        catch (Exception e) when (e is LumosException or IOException)
        {
            complain(uuid, e);
            return null;
        }
    }

    private void Put(VmInfo vm)
    {
        _byUuid[vm.Uuid] = vm;
        _uuidOfZone[vm.Spec.ZoneName] = vm.Uuid;
    }

    private void Drop(string uuid)
    {
        if (_byUuid.Remove(uuid, out var vm))
        {
            _uuidOfZone.Remove(vm.Spec.ZoneName);
        }
    }
}
