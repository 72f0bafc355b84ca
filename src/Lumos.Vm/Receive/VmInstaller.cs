using Lumos.Core;
using Lumos.Drivers.Datasets;
using Lumos.Vm.Create;
using Lumos.Vm.Host;
using Lumos.Vm.Lifecycle;
using Lumos.Vm.Send;
using Lumos.Vm.Snapshots;
using Lumos.Zones;
using Lumos.Zones.Config;

namespace Lumos.Vm.Receive;

/// <summary>
/// Makes a VM of one that was received, or of a zone that is configured and whose dataset is there: properties and mount of the dataset,
/// state installed, no mark any more. Each step may be done twice, so an install that was cut is finished by another one.
/// </summary>
public sealed class VmInstaller(VmHost host)
{
    /// <exception cref="LumosException">WrongState, ReceiveUnfinished, DatasetMissing, ImageHasNoRoot, InvalidPayload: another VM has an address of it.</exception>
    public Outcome Install(string uuid)
    {
        bool boots;
        using (host.Lock(uuid))
        {
            var entry = host.Loader.Entry(uuid) ?? throw VmHost.NotFound(uuid);
            var config = host.Zones.Load(entry.Name);
            var mark = ReceiveMark.Of(config);
            if (entry.State is not ZoneState.Configured && mark is null)
            {
                throw new LumosException("WrongState", $"Cannot install vm {uuid} from state \"{host.Load(uuid).State}\", must be \"receiving\" or \"configured\".");
            }
            if (mark is { Complete: false })
            {
                throw new LumosException("ReceiveUnfinished", $"VM {uuid} is not all here: \"vmadm receive --token {uuid}\" prints what \"vmadm send --resume\" takes "
                    + $"to send the rest, \"vmadm delete {uuid}\" takes it away");
            }
            boots = mark?.Boots ?? config.Autoboot;
            Finish(uuid, config);
        }
        host.Publish(uuid);
        return new Outcome(boots ? Boot(uuid) : $"Successfully installed VM {uuid}");
    }

    private void Finish(string uuid, ZoneConfig config)
    {
        var root = VmReceiver.RootOf(config);
        if (!host.Datasets.Exists(root))
        {
            throw new LumosException("DatasetMissing", $"VM {uuid} has no dataset {root}: \"vmadm receive\" brings one, \"vmadm delete {uuid}\" forgets the VM");
        }
        host.Datasets.SetProperties(root, new Dictionary<string, string> { ["canmount"] = "on", ["mountpoint"] = config.ZonePath });
        host.Datasets.Mount(root);
        Clean(host, config.ZonePath);
        if (!Directory.Exists(ZoneRootFiles.RootOf(config.ZonePath)))
        {
            throw new LumosException("ImageHasNoRoot", $"{root} holds no directory \"root\", so it is no zone's");
        }
        if (ReceiveMark.Of(config) is not null && KeptConfiguration.In(config.ZonePath) is { } sent)
        {
            config = KeptConfiguration.Restored(config, sent);
        }
        new VmSender(host).Forget(root, _ => true);
        using (AddressClaim.Take(host, new VmSpec(ZoneConfigMapping.FromConfig(config, uuid)), null))
        {
            host.Zones.SetState(config.Name, ZoneState.Installed);
            host.Zones.Save(config.WithAttr(ReceiveMark.Name, null));
        }
    }

    /// <summary>Says what it removes: nothing that a VM of LumOS or SmartOS has.</summary>
    internal static void Clean(VmHost host, string zonePath)
    {
        foreach (string removed in ZoneFolder.RemoveWhatLeadsAway(zonePath))
        {
            host.Say($"removed {removed}: it is neither a file nor a directory, and could lead out of the VM");
        }
    }

    private string Boot(string uuid)
    {
        new VmLifecycle(host).Start(uuid);
        return $"Successfully installed and started VM {uuid}";
    }
}
