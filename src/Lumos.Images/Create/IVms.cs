using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Images.Create;

/// <summary>What the making of an image asks of VMs.</summary>
public interface IVms
{
    /// <exception cref="LumosException">VmNotFound.</exception>
    ProtoVm Get(Uuid uuid);

    void Start(Uuid uuid);

    /// <param name="force">Does not wait for its init.</param>
    void Stop(Uuid uuid, bool force = false);

    /// <param name="payload">As of <c>vmadm update</c>.</param>
    void Update(Uuid uuid, JsonObject payload);

    void CreateSnapshot(Uuid uuid, string name);

    /// <summary>Files and configuration as they were; the VM is stopped then.</summary>
    void RollbackSnapshot(Uuid uuid, string name);

    void DeleteSnapshot(Uuid uuid, string name);
}

/// <summary>A VM that an image is made of.</summary>
/// <param name="Dataset">Of its root.</param>
/// <param name="Image">What it was made of itself; null: nothing.</param>
/// <param name="Bootrom">Of hardware VMs.</param>
/// <param name="Metadata">Its customer_metadata.</param>
/// <param name="Snapshots">By name.</param>
public sealed record ProtoVm(
    Uuid Uuid, string State, string Brand, string Pool, string Dataset, Uuid? Image, string? Bootrom,
    IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<string> Snapshots)
{
    public bool IsStopped => State == "stopped";

    public bool IsHardware => Brand is "kvm" or "bhyve";

    /// <param name="vm">As <c>vmadm get</c> prints it.</param>
    public static ProtoVm From(JsonObject vm)
    {
        string? Text(string key) => vm[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
        return new ProtoVm(
            Uuid.Parse(Text("uuid")!), Text("state") ?? "", Text("brand") ?? "", Text("zpool") ?? "", Text("zfs_filesystem") ?? "",
            Uuid.TryParse(Text("image_uuid") ?? "", out var image) ? image : null, Text("bootrom"),
            (vm["customer_metadata"] as JsonObject ?? []).ToDictionary(pair => pair.Key, pair => pair.Value?.ToString() ?? ""),
            [.. (vm["snapshots"] as JsonArray ?? []).Select(snapshot => (string?)snapshot?["name"] ?? "")]);
    }
}
