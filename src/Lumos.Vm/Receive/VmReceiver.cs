using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Send;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Receive;

/// <summary>
/// Receives VMs. On disk, in this order: the zone's XML and its line in the index (configured, with a <see cref="ReceiveMark"/>), the
/// datasets, unmounted, stream by stream, the mark set to complete. <c>vmadm install</c> makes a VM of that
/// (<see cref="VmInstaller"/>); until then an increment may follow, <c>vmadm delete</c> takes it away, and nothing of it is mounted or runs.
/// <para>
/// A stream that is cut or damaged leaves what came of it whole, and the mark: <c>receive --token</c> says what a sender has to know to
/// send the rest. Where nothing came there is nothing to resume, and the VM goes again, by whoever received it or, when that was killed, by
/// vmadmd: a VM that is being received, whose lock nobody holds and that has no dataset, is dead; one that has a dataset waits.
/// </para>
/// </summary>
public sealed class VmReceiver(VmHost host)
{
    /// <summary>Looks whether a VM could be received, and says what of it is here; nothing is changed.</summary>
    /// <param name="input">A stream, of which only the header is read.</param>
    public (StreamHeader Header, ReceiverHoldings? Holdings) Check(Stream input)
    {
        var header = Read(() => new FrameReader(input).Header());
        var before = Receiving(header.Uuid.ToString());
        new ReceiveCheck(host).Run(header, before);
        return (header, before is null ? null : Holdings(header.Uuid.ToString()));
    }

    /// <summary>Receives, and returns what came.</summary>
    /// <exception cref="LumosException">What stands against it; StreamCut: part of it came, and the rest can follow.</exception>
    public StreamHeader Receive(Stream input, Action<long>? progress = null)
    {
        var (reader, header) = Read(() =>
        {
            var frames = new FrameReader(input);
            return (frames, frames.Header());
        });
        string uuid = header.Uuid.ToString();
        using (host.Lock(uuid, TimeSpan.Zero))
        {
            var before = Receiving(uuid);
            var vm = new ReceiveCheck(host).Run(header, before);
            RequireBases(header, vm, before);
            var image = header.ImageGuid is null ? null : new ReceiveCheck(host).ImageSnapshot(header);
            ZoneConfig config;
            using (AddressClaim.Take(host, vm, null))
            {
                config = Enter(header, vm, before);
            }
            try
            {
                config = new StreamReceiver(host, header, vm, image, new ReceiveCheck(host).DiskImages(header)).Run(reader, config, progress);
                host.Zones.Save(new ReceiveMark(true, ReceiveMark.Of(config)!.Boots, header.Final, null).PutOn(config));
            }
            catch (Exception e) when (e is LumosException or IOException or FormatException)
            {
                throw GiveUp(header, vm, e);
            }
        }
        host.Publish(uuid);
        return header;
    }

    /// <summary>What is here of a VM that is being received.</summary>
    /// <exception cref="LumosException">VmNotFound, WrongState.</exception>
    public ReceiverHoldings Holdings(string uuid)
    {
        var config = Receiving(uuid) ?? throw (host.Loader.Entry(uuid) is null
            ? VmHost.NotFound(uuid)
            : new LumosException("WrongState", $"VM {uuid} is not in state \"{VmState.Receiving}\": there is nothing of it to resume"));
        var mark = ReceiveMark.Of(config)!;
        var root = RootOf(config);
        var held = ImmutableArray.CreateBuilder<HeldDataset>();
        if (host.Datasets.Exists(root))
        {
            var all = host.Datasets.List(root, DatasetKinds.All, null, ["guid"]);
            foreach (var dataset in all.Where(e => e.Snapshot is null).Select(e => e.Dataset))
            {
                held.Add(new HeldDataset(OutgoingVm.PathOf(root, dataset),
                    [.. all.Where(e => e.Snapshot?.Dataset == dataset).Select(e => e["guid"]!)], host.Datasets.ResumeToken(dataset)));
            }
        }
        return new ReceiverHoldings(Uuid.Parse(uuid), mark.At, mark.Final, held.ToImmutable());
    }

    /// <summary>Whether nothing came of a VM that is being received, so that nobody can go on with it. For whoever holds its lock.</summary>
    public static bool IsDead(VmHost host, ZoneConfig config) => ReceiveMark.Of(config) is not null && !host.Datasets.Exists(RootOf(config));

    internal static DatasetName RootOf(ZoneConfig config) =>
        DatasetName.Parse(string.Join('/', config.ZonePath.Split('/')[^2..]));

    private ZoneConfig? Receiving(string uuid) =>
        host.Loader.Entry(uuid) is { State: ZoneState.Configured } entry && host.Zones.TryLoad(entry.Name) is { } config && ReceiveMark.Of(config) is not null
            ? config
            : null;

    private static T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (FormatException e)
        {
            throw new LumosException("StreamInvalid", $"the stream was refused: {e.Message}", inner: e.InnerException);
        }
        catch (EndOfStreamException)
        {
            throw new LumosException("StreamInvalid", "the stream ends before its header: nothing was received");
        }
    }

    /// <summary>Streams that build on something need it here.</summary>
    private void RequireBases(StreamHeader header, VmSpec vm, ZoneConfig? before)
    {
        if (header.Items.FirstOrDefault(i => i.Path.Length == 0) is not ({ Basis: StreamBasis.Onto } or { Resumes: true }) and var first
            && (first is not null || before is not null))
        {
            return;
        }
        var root = DatasetName.Parse(vm.RootDataset);
        if (before is null || !host.Datasets.Exists(root))
        {
            throw new LumosException("BaseMissing", $"what is sent of VM {header.Uuid} builds on what this machine has of it, and it has nothing: "
                + "send it without -i and --resume");
        }
    }

    private ZoneConfig Enter(StreamHeader header, VmSpec vm, ZoneConfig? before)
    {
        var old = ReceiveMark.Of(before);
        // A stream that is resumed was begun while the VM ran; its sender has stopped it since.
        bool goesOn = old is { Complete: false };
        var mark = new ReceiveMark(false, header.Boots || (goesOn && old!.Boots), header.Final, old?.At);
        var config = ZoneConfigMapping.ToConfig(vm, before);
        config = mark.PutOn(goesOn ? config with { Autoboot = config.Autoboot || before!.Autoboot } : config);
        if (before is null)
        {
            config = host.Zones.Create(config, header.Uuid.ToString());
            host.Publish(header.Uuid.ToString());
            return config;
        }
        host.Zones.Save(config);
        return config;
    }

    private LumosException GiveUp(StreamHeader header, VmSpec vm, Exception e)
    {
        string uuid = header.Uuid.ToString();
        var name = ZoneName.Parse(uuid);
        Exception cause = e switch
        {
            EndOfStreamException => new LumosException("StreamCut", "it ends before its time"),
            _ => e,
        };
        if (host.Zones.TryLoad(name) is { } config && IsDead(host, config))
        {
            host.Zones.Remove(name);
            host.Publish(uuid);
            return new LumosException("StreamInvalid", $"VM {uuid} was not received, and nothing of it is here", inner: cause);
        }
        host.Publish(uuid);
        return new LumosException("StreamCut", $"VM {uuid} was received in part: \"vmadm send --resume $(vmadm receive --token {uuid}) {uuid}\" "
            + $"sends the rest (--token here, send there), \"vmadm delete {uuid}\" takes away what is here of {vm.RootDataset}", inner: cause);
    }
}
