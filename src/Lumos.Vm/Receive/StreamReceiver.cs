using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Create;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Payload;
using Lumos.Vm.Send;
using Lumos.Zones.Config;

namespace Lumos.Vm.Receive;

/// <summary>The datasets of one VM, from frames into the pool; and, when all have come, only what the sender has.</summary>
/// <param name="host">The machine.</param>
/// <param name="header">Checked.</param>
/// <param name="vm">The VM as it will be here.</param>
/// <param name="image">What a first stream that is based on the image is based on here.</param>
/// <param name="diskImages">The same of streams of disks, by the identity of the snapshot.</param>
internal sealed class StreamReceiver(VmHost host, StreamHeader header, VmSpec vm, SnapshotName? image, IReadOnlyDictionary<string, SnapshotName> diskImages)
{
    private readonly IDatasets _datasets = host.Datasets;
    private readonly DatasetName _root = DatasetName.Parse(vm.RootDataset);

    /// <summary>Receives all streams; returns the configuration with its mark as it is then.</summary>
    internal ZoneConfig Run(FrameReader reader, ZoneConfig config, Action<long>? progress)
    {
        long total = 0;
        for (int i = 0; i < header.Items.Length; i++)
        {
            var item = header.Items[i];
            reader.Begin(i);
            var options = MakeReady(item);
            var mark = ReceiveMark.Of(config)!;
            if (mark.At != item.Snapshot.Guid)
            {
                config = (mark with { At = item.Snapshot.Guid }).PutOn(config);
                host.Zones.Save(config);
            }
            total = One(reader, item, options, total, progress);
        }
        reader.Trailer();
        TakeAwayOthers();
        Settle();
        return config;
    }

    private long One(FrameReader reader, StreamItem item, ReceiveOptions options, long total, Action<long>? progress)
    {
        var name = OutgoingVm.At(_root, item.Path);
        using var receive = _datasets.OpenReceive(name, options);
        long bytes = 0;
        while (reader.Data(bytes) is { } piece)
        {
            receive.Input.Write(piece.Span);
            bytes += piece.Length;
            progress?.Invoke(total + bytes);
        }
        receive.Finish();
        if (Find(name, item.Snapshot.Guid) is null)
        {
            throw new FormatException($"the stream for {name} brought another snapshot than {item.Snapshot.Name}");
        }
        return total + bytes;
    }

    /// <summary>Brings a dataset to where its stream begins: no rest of another stream, no later snapshot, or not there at all.</summary>
    private ReceiveOptions MakeReady(StreamItem item)
    {
        var name = OutgoingVm.At(_root, item.Path);
        string? token = _datasets.ResumeToken(name);
        if (item.Resumes != token is not null)
        {
            _ = token ?? throw new LumosException("BaseMissing", $"the stream goes on with one for {name} of which nothing is here: "
                + $"\"vmadm receive --token {header.Uuid}\" says what there is");
            _datasets.AbortReceive(name);
        }
        var options = new ReceiveOptions { Resumable = true, Properties = Properties(item) };
        switch (item.Basis)
        {
            case StreamBasis.Onto:
                var onto = Find(name, item.From!) ?? throw new LumosException("BaseMissing",
                    $"the stream for {name} builds on a snapshot that is not here: \"vmadm receive --token {header.Uuid}\" says what there is");
                if (_datasets.List(name, DatasetKinds.Snapshot, 1)[^1].Snapshot != onto)
                {
                    _datasets.Rollback(onto, destroyLater: true);
                }
                return options with { Onto = onto };
            case StreamBasis.Origin:
                ClearFor(item, name);
                return options with { Origin = Origin(item) };
            default:
                ClearFor(item, name);
                return options;
        }
    }

    private void ClearFor(StreamItem item, DatasetName name)
    {
        if (!item.Resumes && _datasets.Exists(name))
        {
            DatasetRemoval.Destroy(_datasets, name);
        }
    }

    private SnapshotName Origin(StreamItem item) => item.Path.Length == 0 && item.From == header.ImageGuid ? image!
        : diskImages.TryGetValue(item.From!, out var ofDisk) ? ofDisk
        : header.Datasets.Select(d => OutgoingVm.At(_root, d.Path)).Where(_datasets.Exists).Select(n => Find(n, item.From!)).FirstOrDefault(s => s is not null)
            ?? throw new LumosException("BaseMissing", $"the stream for {item.Path} is of a clone of a snapshot that is not here");

    /// <summary>
    /// The VM's own dataset is not mounted before it is installed, whoever mounts all that there is meanwhile; what is the zone's to
    /// mount, wherever its root may have said, is mounted by nobody else.
    /// </summary>
    private Dictionary<string, string> Properties(StreamItem item) => item.Basis == StreamBasis.Onto ? []
        : item.Path.Length == 0 ? new() { ["canmount"] = "noauto", ["mountpoint"] = vm.ZonePath }
        : vm.List("datasets").Contains(OutgoingVm.At(_root, item.Path).Value) ? new() { ["zoned"] = "on" }
        : [];

    private SnapshotName? Find(DatasetName name, string guid) =>
        _datasets.List(name, DatasetKinds.Snapshot, 1, ["guid"]).FirstOrDefault(e => e["guid"] == guid)?.Snapshot;

    /// <summary>What the sender does not have (any more): datasets and snapshots of an earlier round.</summary>
    private void TakeAwayOthers()
    {
        var known = header.Datasets.ToDictionary(d => OutgoingVm.At(_root, d.Path), d => d.Snapshots.Select(s => s.Guid).ToHashSet());
        foreach (var gone in _datasets.List(_root).Select(e => e.Dataset).Where(d => !known.ContainsKey(d)).Reverse().ToList())
        {
            DatasetRemoval.Destroy(_datasets, gone);
        }
        foreach (var entry in _datasets.List(_root, DatasetKinds.Snapshot, null, ["guid"]).Where(e => !known[e.Dataset].Contains(e["guid"]!)).ToList())
        {
            _datasets.DestroySnapshot(entry.Snapshot!);
        }
    }

    /// <summary>Each dataset as its last snapshot has it, whatever a receive that was cut left of another.</summary>
    private void Settle()
    {
        foreach (var dataset in header.Datasets)
        {
            var name = OutgoingVm.At(_root, dataset.Path);
            var last = Find(name, dataset.Snapshots[^1].Guid)
                ?? throw new LumosException("BaseMissing", $"what was sent is of increments to a snapshot of {name} that is not here");
            _datasets.Rollback(last, destroyLater: true);
        }
        // What the configuration keeps on the dataset: last, as a quota is none of a stream's business.
        _datasets.SetProperties(_root, CreatePlan.DatasetProperties(vm).SetItem("canmount", "noauto"));
        foreach (var disk in vm.Disks.Where(disk => DiskRules.OwnDataset(disk, vm) is not null))
        {
            SettleDisk(DatasetName.Parse(DiskRules.OwnDataset(disk, vm)!), disk);
        }
    }

    // A stream has the size of a volume and its blocks; what is held back for it and how it is written is the receiver's.
    private void SettleDisk(DatasetName volume, System.Text.Json.Nodes.JsonObject disk)
    {
        var wanted = new Dictionary<string, string>();
        if (disk["compression"] is { } compression)
        {
            wanted["compression"] = JsonText.Plain(compression);
        }
        if (disk["refreservation"] is not null && !_datasets.VolumesAreFiles)
        {
            wanted["refreservation"] = (DiskRules.Mebibytes(disk, "refreservation") << 20).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
        var has = _datasets.GetProperties(volume, [.. wanted.Keys]);
        _datasets.SetProperties(volume, wanted.Where(p => has[p.Key] != p.Value).ToDictionary());
    }
}
