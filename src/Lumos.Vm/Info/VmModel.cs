using Lumos.Core;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Info;

/// <summary>
/// All VMs in memory. One thread owns it. It holds nothing that is not on disk or in the kernel: losing it costs a reload.
/// </summary>
/// <param name="changed">Gets each VM before and after a change that can be seen; null stands for one that is not there.</param>
public sealed class VmModel(VmLoader loader, ZoneConfigStore zones, Action<string, Exception> complain, Action<VmInfo?, VmInfo?> changed)
{
    private readonly Dictionary<string, VmInfo> _byUuid = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _uuidOfZone = new(StringComparer.Ordinal);

    public int Count => _byUuid.Count;

    /// <summary>All VMs at this moment; they never change.</summary>
    public VmInfo[] Snapshot() => [.. _byUuid.Values];

    public VmInfo? Find(string uuid) => _byUuid.GetValueOrDefault(uuid);

    /// <summary>Its files were written after it was loaded.</summary>
    public bool IsOld(VmInfo vm) => loader.LastModified(vm) != vm.Spec.Text("last_modified");

    /// <summary>Looks at everything again. The number of VMs that were not as known.</summary>
    public int LoadAll()
    {
        int differences = 0;
        var all = loader.LoadAll(complain);
        var there = all.Select(vm => vm.Uuid).ToHashSet(StringComparer.Ordinal);
        foreach (string gone in _byUuid.Keys.Where(uuid => !there.Contains(uuid)).ToList())
        {
            Drop(gone);
            differences++;
        }
        foreach (var vm in all)
        {
            differences += Put(vm) ? 1 : 0;
        }
        return differences;
    }

    /// <summary>
    /// What the datasets say, looked at elsewhere: takes in what differs, but of the VMs that <paramref name="seenSince"/>
    /// were looked at later than that.
    /// </summary>
    public int TakeDatasets(IReadOnlyDictionary<string, DatasetFacts> facts, IReadOnlySet<string> seenSince)
    {
        int differences = 0;
        foreach (var vm in Snapshot())
        {
            if (!seenSince.Contains(vm.Uuid) && vm.Dataset != DatasetFacts.None
                && facts.GetValueOrDefault(vm.Spec.RootDataset) is { } now && !now.SameAs(vm.Dataset)
                && Try(vm.Uuid, () => loader.Load(vm.Uuid, now)) is { } loaded)
            {
                differences += Put(loaded) ? 1 : 0;
            }
        }
        return differences;
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

    /// <summary>True: it can be seen that it differs from what was known.</summary>
    private bool Put(VmInfo vm)
    {
        var before = _byUuid.GetValueOrDefault(vm.Uuid);
        _byUuid[vm.Uuid] = vm;
        _uuidOfZone[vm.Spec.ZoneName] = vm.Uuid;
        if (before is not null && before.Line.AsSpan().SequenceEqual(vm.Line))
        {
            return false;
        }
        changed(before, vm);
        return true;
    }

    private void Drop(string uuid)
    {
        if (_byUuid.Remove(uuid, out var vm))
        {
            _uuidOfZone.Remove(vm.Spec.ZoneName);
            changed(vm, null);
        }
    }
}
