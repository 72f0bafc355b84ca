using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Properties;
using Lumos.Zones.Docker;

namespace Lumos.Vm;

/// <summary>
/// The configuration of one VM, settled: every property has its one form and its default, NICs are complete. What the
/// property table says of storage is said of these properties; what is only seen at run time is in <see cref="VmInfo"/>.
/// The object is never changed once it is in here.
/// </summary>
public sealed record VmSpec(JsonObject Properties)
{
    public Uuid Uuid => Uuid.Parse(Text("uuid") ?? "");

    /// <summary>The zone's name; the uuid for every VM that vmadm makes.</summary>
    public string ZoneName => Text("zonename") ?? Text("uuid")!;

    public string Brand => Text("brand") ?? "joyent";

    public string Zpool => Text("zpool") ?? "zones";

    public string? ImageUuid => Text("image_uuid");

    /// <summary>It runs one program, as a container of docker does.</summary>
    public bool IsDocker => Brand == "lx" && Flag("docker");

    /// <summary>What a docker VM runs; what is wrong with its keys is passed over.</summary>
    public DockerZone Docker => DockerZoneReader.Read(Properties["internal_metadata"] as JsonObject ?? [], (_, _) => { });

    /// <summary>It is a hardware virtual machine.</summary>
    public bool IsMachine => Lumos.Vm.Properties.BrandTable.IsHvm(Brand);

    public bool Autoboot => Flag("autoboot");

    /// <summary>Somebody in it says when its first boot is over.</summary>
    public bool HasFirstBoot => Autoboot && !IsDocker && !IsMachine;

    /// <summary>GiB; 0: no limit.</summary>
    public long Quota => Integer("quota") ?? 0;

    public string Hostname => Text("hostname") ?? ZoneName;

    public IEnumerable<JsonObject> Nics => (Properties["nics"] as JsonArray)?.OfType<JsonObject>() ?? [];

    public IEnumerable<JsonObject> Disks => (Properties["disks"] as JsonArray)?.OfType<JsonObject>() ?? [];

    public IEnumerable<JsonObject> Filesystems => (Properties["filesystems"] as JsonArray)?.OfType<JsonObject>() ?? [];

    public IEnumerable<string> List(string name) => (Properties[name] as JsonArray)?.Select(JsonText.Plain) ?? [];

    public string? Text(string name) => Properties[name] is JsonValue v ? JsonText.Plain(v) : null;

    public long? Integer(string name) => Payload.PropertyValue.TryInteger(Properties[name], out long number) ? number : null;

    public bool Flag(string name) => Properties[name] is JsonValue v && v.TryGetValue(out bool flag) && flag;

    /// <summary>The dataset of the zone: POOL/UUID.</summary>
    public string RootDataset => $"{Zpool}/{ZoneName}";

    /// <summary>The dataset that delegate_dataset makes: POOL/UUID/data.</summary>
    public string DataDataset => RootDataset + "/data";

    /// <summary>Whether it was given that one.</summary>
    public bool HasData => List("datasets").Contains(DataDataset);

    /// <summary>/POOL/UUID.</summary>
    public string ZonePath => Text("zonepath") ?? $"/{Zpool}/{ZoneName}";

    /// <summary>The same VM with one property set; null: unset.</summary>
    public VmSpec With(string name, JsonNode? value)
    {
        var copy = (JsonObject)Properties.DeepClone();
        if (value is null)
        {
            copy.Remove(name);
        }
        else
        {
            copy[name] = value;
        }
        return new VmSpec(copy);
    }
}
