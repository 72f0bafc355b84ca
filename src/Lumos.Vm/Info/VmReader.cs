using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Host;
using Lumos.Vm.List;
using Lumos.Vm.Payload;
using Lumos.Vm.Snapshots;

namespace Lumos.Vm.Info;

/// <summary>A VM as a reader shows it; the object is the reader's own.</summary>
public sealed record VmView(JsonObject Object);

/// <summary>Where list, lookup and get have VMs from: vminfod, or the files themselves when it is down.</summary>
public sealed class VmReader(VmHost host)
{
    /// <summary>So many looks at one VM cost about as much as one at a machine that is not crowded.</summary>
    private const int MostLooks = 16;

    public IReadOnlyList<VmView> All() => Select([], null);

    /// <summary>The VMs that pass all filters.</summary>
    /// <param name="fields">Top-level names: what is wanted of each, at least; null: everything.</param>
    public IReadOnlyList<VmView> Select(IReadOnlyList<VmFilter> filters, IEnumerable<string>? fields)
    {
        if (FromDaemon(client => client.List(filters, fields)) is { } array)
        {
            return [.. ((JsonArray)JsonNode.Parse(array)!).Select(vm => new VmView((JsonObject)vm!))];
        }
        return [.. host.Loader.LoadAll((name, error) => host.Say($"VM {name} cannot be shown: {LumosException.Describe(error)}"))
            .Where(vm => filters.All(filter => filter.Matches(vm.Object)))
            .Select(vm => new VmView(vm.Object))];
    }

    /// <summary>
    /// The same, whole and with the snapshots of each, which costs a look at the storage: at those of each VM found, or, of many VMs, at all that the machine has.
    /// No filter is of snapshots, so it is known first which VMs these are.
    /// </summary>
    public IReadOnlyList<VmView> SelectWithSnapshots(IReadOnlyList<VmFilter> filters)
    {
        var found = Select(filters, null);
        var all = found.Count > MostLooks ? SnapshotFacts.OfAll(host.Datasets) : null;
        return [.. found.Select(vm => new VmView(SnapshotFacts.With(vm.Object, all is null
            ? SnapshotFacts.Of(host.Datasets, RootDataset(vm.Object))
            : all.GetValueOrDefault(RootDataset(vm.Object)) ?? [])))];
    }

    /// <summary>One VM with its snapshots.</summary>
    /// <exception cref="LumosException">VmNotFound.</exception>
    public JsonObject Get(string uuid)
    {
        var answers = FromDaemon<byte[][]>(client => client.Get(uuid) is { } answer ? [answer] : []);
        return answers switch
        {
            null => WithSnapshots(host.Load(uuid)),
            [var answer] => (JsonObject)JsonNode.Parse(answer)!,
            _ => throw VmHost.NotFound(uuid),
        };
    }

    private JsonObject WithSnapshots(VmInfo vm) => SnapshotFacts.With(vm.Object, SnapshotFacts.Of(host.Datasets, vm.Spec.RootDataset));

    private static string RootDataset(JsonObject vm) => new VmSpec(vm).RootDataset;

    private T? FromDaemon<T>(Func<VmInfoClient, T> ask)
        where T : class
    {
        try
        {
            using var client = VmInfoClient.TryConnect(host.InfoSocket);
            return client is null ? null : ask(client);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            // It was there and went: it is being restarted, or ended in the middle. What it would have said is on disk.
            return null;
        }
    }
}
