using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Host;
using Lumos.Vm.Payload;
using Lumos.Vm.Snapshots;

namespace Lumos.Vm.Info;

/// <summary>A VM as a reader shows it.</summary>
public sealed record VmView(JsonObject Object);

/// <summary>Where list, lookup and get have VMs from: vminfod, or the files themselves when it is down.</summary>
public sealed class VmReader(VmHost host)
{
    public IReadOnlyList<VmView> All()
    {
        if (FromDaemon(client => client.List()) is { } lines)
        {
            return [.. lines.Select(Parse)];
        }
        return [.. host.Loader.LoadAll((name, error) => host.Say($"VM {name} cannot be shown: {LumosException.Describe(error)}"))
            .Select(vm => new VmView(vm.Object))];
    }

    /// <summary>The same with the snapshots of each, which costs a look at the storage.</summary>
    public IReadOnlyList<VmView> AllWithSnapshots()
    {
        var snapshots = SnapshotFacts.OfAll(host.Datasets);
        return [.. All().Select(vm => new VmView(With(vm.Object, snapshots.GetValueOrDefault(RootDataset(vm.Object)) ?? [])))];
    }

    /// <summary>One VM with its snapshots.</summary>
    /// <exception cref="LumosException">VmNotFound.</exception>
    public JsonObject Get(string uuid)
    {
        var vm = GetWithoutSnapshots(uuid);
        return With(vm, SnapshotFacts.Of(host.Datasets, RootDataset(vm)));
    }

    private static JsonObject With(JsonObject vm, JsonArray snapshots)
    {
        vm["snapshots"] = snapshots;
        return Normaliser.Ordered(vm);
    }

    private static string RootDataset(JsonObject vm) => new VmSpec(vm).RootDataset;

    private JsonObject GetWithoutSnapshots(string uuid)
    {
        var lines = FromDaemon<string[]>(client => client.Get(uuid) is { } line ? [line] : []);
        return lines switch
        {
            null => host.Load(uuid).Object,
            [var line] => Parse(line).Object,
            _ => throw VmHost.NotFound(uuid),
        };
    }

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

    private static VmView Parse(string line) => new((JsonObject)JsonNode.Parse(line)!);
}
