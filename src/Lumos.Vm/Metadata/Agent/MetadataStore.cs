using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Linux;
using Lumos.Linux.Files;
using Lumos.Vm.Host;
using Lumos.Vm.Info;
using Lumos.Vm.Metadata.Protocol;
using Lumos.Zones;

namespace Lumos.Vm.Metadata.Agent;

/// <summary>
/// The metadata of zones on disk. Reading looks at the VM's files and its state, and keeps what it made of them until one of
/// them is another; so a guest that asks again and again costs a handful of stats. Writing holds the VM's lock and replaces
/// config/metadata.json as a whole; whoever watches that folder (vminfod) is told by the kernel.
/// Any number of threads.
/// </summary>
public sealed class MetadataStore(VmHost host)
{
    private static readonly TimeSpan WholeVmAge = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, View> _views = new(StringComparer.Ordinal);

    public MetadataReply Get(ZoneName zone, string key)
    {
        var view = Look(zone);
        return MetadataKeys.Get(key, view.Vm, () => WholeVm(zone, view));
    }

    public MetadataReply Keys(ZoneName zone) => MetadataKeys.Keys(Look(zone).Vm);

    /// <summary>Sets a key; an empty value removes it. Null: somebody else is changing the VM now.</summary>
    public MetadataReply? Put(ZoneName zone, string key, string value)
    {
        key = key.Trim();
        if (Encoding.UTF8.GetByteCount(value) > MetadataLimits.LargestValue)
        {
            return MetadataReply.Failure($"a value has {MetadataLimits.LargestValue >> 20} MiB at most");
        }
        var view = Look(zone);
        if (MetadataKeys.Refusal(key, view.Vm) is { } why)
        {
            return MetadataReply.Failure(why);
        }
        using var held = TryLock(view.Uuid);
        if (held is null)
        {
            return null;
        }
        string? fault = null;
        ConfigFiles.ChangeCustomerMetadata(view.ZonePath, metadata =>
        {
            if (value.Length == 0)
            {
                return metadata.Remove(key);
            }
            if (metadata[key] is JsonValue now && JsonText.Plain(now) == value)
            {
                return false;
            }
            long others = metadata.Where(pair => pair.Key != key).Sum(pair => (long)Size(pair.Key, JsonText.Plain(pair.Value)));
            if (others + Size(key, value) > MetadataLimits.LargestMetadata)
            {
                fault = $"the metadata of a VM has {MetadataLimits.LargestMetadata >> 20} MiB at most";
                return false;
            }
            metadata[key] = value;
            return true;
        });
        return fault is null ? MetadataReply.Success("OK") : MetadataReply.Failure(fault);
    }

    /// <summary>Removes a key; one that is not there is removed all the same.</summary>
    public MetadataReply? Delete(ZoneName zone, string key) => Put(zone, key, "");

    /// <summary>Lets go of what is kept of a zone.</summary>
    public void Forget(ZoneName zone) => _views.TryRemove(zone.Text, out _);

    private static int Size(string key, string value) => Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value);

    private FileLock? TryLock(string uuid)
    {
        try
        {
            return host.Lock(uuid, TimeSpan.Zero);
        }
        catch (LumosException e) when (e.Code == "LockTimeout")
        {
            return null;
        }
    }

    private View Look(ZoneName zone)
    {
        // The marks are taken first: what changes while we read is seen as another file the next time.
        var known = _views.GetValueOrDefault(zone.Text);
        string marks = Marks(zone, known?.ZonePath);
        if (known?.Marks == marks)
        {
            return known;
        }
        var config = host.Zones.Load(zone);
        if (known?.ZonePath != config.ZonePath)
        {
            marks = Marks(zone, config.ZonePath);
        }
        string uuid = host.Zones.ReadIndex().Find(zone) is { Uuid.Length: > 0 } entry ? entry.Uuid : zone.Text;
        var info = host.Loader.Load(uuid, DatasetFacts.None) ?? throw VmHost.NotFound(uuid);
        var vm = info.Object;
        if (config.Attr(ZoneConfigMapping.ProvisioningTimeout) is { } seconds)
        {
            vm = (JsonObject)vm.DeepClone();
            vm["mdata_exec_timeout"] = seconds;
        }
        var view = new View(marks, uuid, config.ZonePath, vm);
        _views[zone.Text] = view;
        return view;
    }

    private JsonObject WholeVm(ZoneName zone, View view)
    {
        if (view.Whole is { } kept && host.Clock.GetElapsedTime(kept.Read) < WholeVmAge)
        {
            return kept.Vm;
        }
        var whole = new VmReader(host).Get(view.Uuid);
        _views[zone.Text] = view with { Whole = (whole, host.Clock.GetTimestamp()) };
        return whole;
    }

    private string Marks(ZoneName zone, string? zonePath)
    {
        var marks = new StringBuilder();
        string[] files = [host.Layout.ConfigFile(zone), host.Layout.StateFile(zone), .. ConfigFiles.Paths(zonePath)];
        foreach (string file in files)
        {
            try
            {
                var status = FileStatus.Of(file);
                marks.Append(status.Inode).Append(' ').Append(status.Size).Append(' ').Append(status.Modified.Ticks).Append('\n');
            }
            catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ENOTDIR)
            {
                marks.Append("none\n");
            }
        }
        return marks.ToString();
    }

    private sealed record View(string Marks, string Uuid, string ZonePath, JsonObject Vm)
    {
        public (JsonObject Vm, long Read)? Whole { get; init; }
    }
}
