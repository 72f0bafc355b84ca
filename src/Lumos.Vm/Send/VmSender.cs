using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Files;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Snapshots;
using Lumos.Zones;
using Lumos.Zones.Checkpoints;

namespace Lumos.Vm.Send;

/// <summary>How to send.</summary>
public sealed record SendWishes
{
    /// <summary>The receiver has all up to this snapshot: a VM's snapshot by its name, or one that a send made.</summary>
    public string? From { get; init; }

    /// <summary>What the receiver has, when it said so.</summary>
    public ReceiverHoldings? Holdings { get; init; }

    /// <summary>Let the VM run: what is sent is what its disk would hold after a power cut.</summary>
    public bool Live { get; init; }

    /// <summary>Do not count on the image being there.</summary>
    public bool Full { get; init; }

    /// <summary>Told how many bytes have gone.</summary>
    public Action<long>? Progress { get; init; }
}

/// <summary>What went out.</summary>
/// <param name="Snapshot">The snapshot that it is of; an increment to it may follow.</param>
/// <param name="Bytes">Of datasets.</param>
public sealed record SendResult(string Snapshot, long Bytes);

/// <summary>
/// Sends VMs. A snapshot of all datasets of the VM is taken at one instant (<c>@vmsend-TIME</c>), and streams go out that bring a
/// receiver from what it has to that. The snapshot stays, as the base of what may be sent next; older ones of the kind go once a
/// stream has been written to its end.
/// <para>
/// A VM that runs is stopped first, as in SmartOS: two of it would fight for its addresses. Nobody starts it while it is sent,
/// since its lock is held; with <see cref="SendWishes.Live"/> the lock is held for the snapshot only.
/// </para>
/// </summary>
public sealed class VmSender(VmHost host)
{
    /// <summary>How snapshots that sends take begin.</summary>
    public const string Prefix = "vmsend-";

    private const int Block = 256 << 10;

    /// <exception cref="LumosException">WrongState, SnapshotNotFound, SendFailed.</exception>
    public SendResult Send(string uuid, SendWishes wishes, Stream output)
    {
        var before = host.Load(uuid);
        RequireSendable(before);
        bool boots = before.Status.State.CanHalt;
        if (!wishes.Live && boots)
        {
            new VmLifecycle(host).Stop(uuid, force: false);
        }
        FileLock? held = host.Lock(uuid);
        try
        {
            var vm = host.Load(uuid);
            RequireSendable(vm);
            if (!wishes.Live && vm.Status.State.CanHalt)
            {
                throw new LumosException("WrongState", $"VM {uuid} was started again before it could be sent: try again, or send it with --live");
            }
            var outgoing = Prepare(vm, wishes, before.Spec.Autoboot, boots);
            if (wishes.Live)
            {
                held.Dispose();
                held = null;
            }
            return Write(outgoing, output, wishes.Progress);
        }
        finally
        {
            held?.Dispose();
        }
    }

    /// <summary>What a receiver is asked whether it could take it: the header without datasets. Nothing is changed.</summary>
    /// <exception cref="LumosException">WrongState.</exception>
    public StreamHeader Announce(VmInfo vm, bool full)
    {
        RequireSendable(vm);
        var root = DatasetName.Parse(vm.Spec.RootDataset);
        string? origin = full || !host.Datasets.OriginsTravel ? null : host.Datasets.GetProperties(root, "origin")["origin"];
        return new StreamHeader
        {
            Uuid = vm.Spec.Uuid,
            Vm = Configuration(vm.Spec, autoboot: false),
            Final = Prefix,
            StreamKind = host.Datasets.StreamKind,
            Platform = host.Loader.Host.Platform ?? "",
            Bytes = Size(root, withOrigin: vm.Spec.IsMachine ? full || !host.Datasets.OriginsTravel : origin is null),
            ImageGuid = origin is null ? null : GuidOf(SnapshotName.Parse(origin)),
            Datasets = [new SentDataset("", [new SnapshotId(Prefix, "0")])],
            Items = [],
        };
    }

    public static void WriteAnnouncement(StreamHeader header, Stream output)
    {
        try
        {
            var writer = new FrameWriter(output);
            writer.Header(header.ToJson());
            writer.Trailer();
        }
        catch (IOException e)
        {
            throw new LumosException("SendFailed", $"what is to come of VM {header.Uuid} could not be told", inner: e);
        }
    }

    /// <summary>Takes the snapshot, and works out what is to go. The caller holds the VM's lock.</summary>
    /// <param name="vm">As it is now.</param>
    /// <param name="wishes">What the receiver has.</param>
    /// <param name="autoboot">The flag as the receiver is to get it.</param>
    /// <param name="boots">Whether it is booted when it is installed.</param>
    public OutgoingVm Prepare(VmInfo vm, SendWishes wishes, bool autoboot, bool boots)
    {
        var root = DatasetName.Parse(vm.Spec.RootDataset);
        string final = Final(root, wishes);
        if (!host.Datasets.Exists(root.At(final)))
        {
            // What only zonecfg knows of goes along in the dataset, as it does in a snapshot of the VM.
            KeptConfiguration.Keep(host.Zones.Load(ZoneName.Parse(vm.Spec.ZoneName)));
            host.Datasets.Snapshot(root.At(final), recursive: true);
        }
        var source = Source(root, final, wishes.Full);
        var holdings = wishes.From is { } from ? UpTo(vm, source, from) : wishes.Holdings;
        var plan = SendPlan.For(source, holdings);
        string? imageGuid = plan.Steps.Select(s => s.Item).FirstOrDefault(i => i is { Path.Length: 0, Basis: StreamBasis.Origin })?.From;
        var header = new StreamHeader
        {
            Uuid = vm.Spec.Uuid,
            Vm = Configuration(vm.Spec, autoboot),
            Final = final,
            StreamKind = host.Datasets.StreamKind,
            Platform = host.Loader.Host.Platform ?? "",
            Boots = boots,
            Bytes = holdings is null ? Size(root, withOrigin: !plan.Steps.Any(s => s.Item.Basis == StreamBasis.Origin)) : 0,
            ImageGuid = imageGuid,
            Datasets = plan.Datasets,
            Items = [.. plan.Steps.Select(s => s.Item)],
        };
        var held = (holdings?.Of("")?.Guids ?? []).ToHashSet();
        return new OutgoingVm(root, header, plan.Steps, [final, .. source[0].Snapshots.Where(s => held.Contains(s.Guid)).Select(s => s.Name).TakeLast(1)]);
    }

    /// <summary>Writes what was worked out.</summary>
    /// <exception cref="LumosException">SendFailed.</exception>
    public SendResult Write(OutgoingVm vm, Stream output, Action<long>? progress)
    {
        try
        {
            var writer = new FrameWriter(output);
            writer.Header(vm.Header.ToJson());
            byte[] block = new byte[Block];
            for (int i = 0; i < vm.Steps.Length; i++)
            {
                writer.Begin(i);
                long before = writer.Bytes;
                using var send = host.Datasets.OpenSend(vm.Snapshot(vm.Steps[i]), vm.Options(vm.Steps[i], host.Datasets));
                while (send.Output.ReadAtLeast(block, block.Length, throwOnEndOfStream: false) is var got and > 0)
                {
                    writer.Data(block.AsSpan(0, got));
                    progress?.Invoke(writer.Bytes);
                }
                send.Finish();
                writer.End(writer.Bytes - before);
            }
            writer.Trailer();
            Forget(vm.Root, name => !vm.Keeps.Contains(name));
            return new SendResult(vm.Header.Final, writer.Bytes);
        }
        catch (IOException e)
        {
            throw new LumosException("SendFailed", $"VM {vm.Header.Uuid} was not sent to its end: whoever reads the stream went away, or its storage could not be read",
                inner: e);
        }
    }

    /// <summary>Destroys snapshots of sends.</summary>
    public void Forget(DatasetName root, Func<string, bool> which)
    {
        foreach (var old in host.Datasets.List(root, DatasetKinds.Snapshot, 1).Select(e => e.Snapshot!)
            .Where(s => s.Name.StartsWith(Prefix, StringComparison.Ordinal) && which(s.Name)).ToList())
        {
            try
            {
                host.Datasets.DestroySnapshot(old, recursive: true);
            }
            catch (DatasetException e)
            {
                host.Say($"snapshot {old} stays: {LumosException.Describe(e)}");
            }
        }
    }

    private static void RequireSendable(VmInfo vm)
    {
        Disks.WholeVm.Require(vm.Spec, "send");
        if (vm.State is not (VmState.Running or VmState.Stopped))
        {
            throw new LumosException("WrongState", $"Cannot send vm {vm.Uuid} from state \"{vm.State}\", must be \"running\" or \"stopped\".");
        }
    }

    /// <summary>The snapshot to send: a new one, or the one that a stream was of which is being resumed.</summary>
    private string Final(DatasetName root, SendWishes wishes)
    {
        if (wishes.Holdings is { At: not null, Final: { } begun } && host.Datasets.Exists(root.At(begun)))
        {
            return begun;
        }
        string name = Prefix + host.Clock.GetUtcNow().UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture);
        for (int again = 1; ; again++)
        {
            string fresh = again == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}-{again}");
            if (!host.Datasets.Exists(root.At(fresh)))
            {
                return fresh;
            }
        }
    }

    /// <summary>The VM's datasets with their snapshots up to the final one; what has no such snapshot came later and does not go.</summary>
    private List<SourceDataset> Source(DatasetName root, string final, bool full)
    {
        var all = host.Datasets.List(root, DatasetKinds.All, null, ["guid", "origin"]);
        var guids = all.Where(e => e.Snapshot is not null).ToDictionary(e => e.Name, e => e["guid"]!);
        var result = new List<SourceDataset>();
        foreach (var entry in all.Where(e => e.Snapshot is null))
        {
            var snapshots = all.Where(e => e.Snapshot is not null && e.Dataset == entry.Dataset)
                .Select(e => new SnapshotId(e.Snapshot!.Name, e["guid"]!)).ToList();
            int end = snapshots.FindIndex(s => s.Name == final);
            if (end < 0)
            {
                continue;
            }
            var origin = SnapshotName.TryParse(entry["origin"], out var o) ? o : null;
            bool inside = origin?.Dataset.IsWithin(root) == true;
            result.Add(new SourceDataset(
                OutgoingVm.PathOf(root, entry.Dataset), [.. snapshots.Take(end + 1)],
                inside ? OutgoingVm.PathOf(root, origin!.Dataset) : null,
                inside ? guids.GetValueOrDefault(origin!.ToString())
                : origin is not null && !full && host.Datasets.OriginsTravel ? GuidOf(origin)
                : null));
        }
        return result;
    }

    private string? GuidOf(SnapshotName snapshot) =>
        host.Datasets.List(snapshot.Dataset, DatasetKinds.Snapshot, 1, ["guid"]).FirstOrDefault(e => e.Snapshot == snapshot)?["guid"];

    /// <summary>What a receiver has that has everything up to a snapshot.</summary>
    private static ReceiverHoldings UpTo(VmInfo vm, List<SourceDataset> source, string given)
    {
        string[] names = [given, .. SnapshotLabel.IsValid(given) ? [SnapshotLabel.Parse(given).Of(DatasetName.Parse(vm.Spec.RootDataset)).Name] : (string[])[]];
        string name = names.FirstOrDefault(n => source[0].Snapshots.Any(s => s.Name == n))
            ?? throw new LumosException("SnapshotNotFound", $"VM {vm.Uuid} has no snapshot \"{given}\" to send from: "
                + $"it has {string.Join(", ", source[0].Snapshots.Take(source[0].Snapshots.Length - 1).Select(s => s.Name).DefaultIfEmpty("none"))}");
        var held = ImmutableArray.CreateBuilder<HeldDataset>();
        foreach (var dataset in source)
        {
            int end = dataset.Snapshots.Select(s => s.Name).ToList().IndexOf(name);
            if (end >= 0)
            {
                held.Add(new HeldDataset(dataset.Path, [.. dataset.Snapshots.Take(end + 1).Select(s => s.Guid)]));
            }
        }
        return new ReceiverHoldings(vm.Spec.Uuid, null, null, held.ToImmutable());
    }

    /// <summary>The configuration without what is this machine's alone.</summary>
    private static JsonObject Configuration(VmSpec vm, bool autoboot)
    {
        var copy = (JsonObject)vm.Properties.DeepClone();
        foreach (string own in (string[])["zonedid", "provisioning", "failed", "receiving", "zonepath"])
        {
            copy.Remove(own);
        }
        copy["autoboot"] = autoboot;
        return copy;
    }

    private long Size(DatasetName root, bool withOrigin)
    {
        // All that is below counts as used; what a clone shares with the image it is of does not.
        var all = host.Datasets.List(root, DatasetKinds.Live, withOrigin ? null : 0, withOrigin ? ["used", "referenced", "origin"] : ["used"]);
        return (all[0].Number("used") ?? 0) + (withOrigin ? all.Where(e => e["origin"] is not null).Sum(e => e.Number("referenced") ?? 0) : 0);
    }
}
