using System.Text.Json.Nodes;
using Lumos.Zones.Docker;

namespace Lumos.Vm.Payload;

/// <summary>
/// What <c>docker: true</c> means for a VM's other properties, and what its image says where the payload is silent: the keys docker:*
/// of internal_metadata as SmartOS's tools fill them in. Pure.
/// </summary>
public static class DockerRules
{
    private const string Metadata = "internal_metadata", Namespaces = "internal_metadata_namespaces";

    /// <summary>A VM that is to be made.</summary>
    /// <param name="vm">Normalised.</param>
    /// <param name="known">The payload: what it says counts.</param>
    /// <param name="image">What it is made of; null: not known.</param>
    public static VmSpec Complete(VmSpec vm, JsonObject known, ImageFacts? image)
    {
        if (!vm.IsDocker)
        {
            return vm;
        }
        var properties = (JsonObject)vm.Properties.DeepClone();
        Imply(properties, known);
        if (known["tmpfs"] is null)
        {
            properties["tmpfs"] = 0; // an image has files in /tmp
        }
        var metadata = (JsonObject)properties[Metadata]!;
        if (image?.Docker is { } tags)
        {
            foreach (var (key, value) in OfImage(tags, metadata, image.Uuid.ToString()).ToList())
            {
                metadata[key] = value;
            }
        }
        return new VmSpec(Normaliser.Ordered(properties));
    }

    /// <summary>What holds of every VM that is a docker's: its keys are not the zone's to write, its end is its program's, it has an id.</summary>
    /// <param name="properties">Changed.</param>
    /// <param name="known">The payload: what it says counts.</param>
    public static void Imply(JsonObject properties, JsonObject known)
    {
        var namespaces = properties[Namespaces] as JsonArray ?? [];
        if (!namespaces.Any(name => JsonText.Plain(name) == "docker"))
        {
            properties[Namespaces] = new JsonArray([.. namespaces.Select(name => name!.DeepClone()), (JsonNode)"docker"]);
        }
        if (known["restart_init"] is null)
        {
            properties["restart_init"] = false;
        }
        if (properties[Metadata] is not JsonObject metadata)
        {
            properties[Metadata] = metadata = [];
        }
        string id = JsonText.Plain(properties["uuid"]).Replace("-", "", StringComparison.Ordinal);
        metadata["docker:id"] ??= id + id;
    }

    /// <summary>Every fault of a docker VM.</summary>
    public static void Check(VmSpec vm, VmSpec? before, HostFacts host, PayloadReport report)
    {
        if (!vm.IsDocker)
        {
            if (vm.Flag("docker"))
            {
                report.AddBadValue("docker", $"is acted on in VMs of brand lx, not {vm.Brand}");
            }
            if (before is null && host.Image is { Type: "docker" } image && vm.ImageUuid == image.Uuid.ToString() && vm.Text("init_name") is null)
            {
                report.AddBadValue("image_uuid", $"{image.Uuid} ({image.Name}) is an image of docker, which has no init: \"docker\": true runs what it is made for, init_name another program of it");
            }
            return;
        }
        var docker = DockerZoneReader.Read(vm.Properties[Metadata] as JsonObject ?? [], (key, why) => report.AddBadValue($"{Metadata}.{key}", why));
        if (docker.Argv.IsEmpty)
        {
            report.AddBadValue(Metadata, "says nothing to run: docker:cmd is a list of words in JSON (\"[\\\"/bin/sh\\\"]\"), and the image has none of its own");
        }
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> OfImage(JsonObject tags, JsonObject given, string uuid)
    {
        var config = tags["docker:config"] as JsonObject ?? [];
        KeyValuePair<string, JsonNode?> Pair(string key, JsonNode? value) => KeyValuePair.Create("docker:" + key, value);
        bool Given(string key) => given["docker:" + key] is not null;
        JsonNode? List(string key) => config[key] is JsonArray { Count: > 0 } list ? (JsonNode)list.ToJsonString() : null;

        if (!Given("entrypoint") && List("Entrypoint") is { } entrypoint)
        {
            yield return Pair("entrypoint", entrypoint);
        }
        // Who says what the program is does not want the words of another one.
        if (!Given("entrypoint") && !Given("cmd") && List("Cmd") is { } cmd)
        {
            yield return Pair("cmd", cmd);
        }
        if (Environment(config["Env"] as JsonArray, given) is { Count: > 0 } env)
        {
            yield return Pair("env", env.ToJsonString());
        }
        foreach (var (key, name) in ((string, string)[])[("workdir", "WorkingDir"), ("user", "User"), ("stopsignal", "StopSignal")])
        {
            if (!Given(key) && config[name] is JsonValue value && JsonText.Plain(value) is { Length: > 0 } text)
            {
                yield return Pair(key, text);
            }
        }
        if (!Given("volumes") && config["Volumes"] is JsonObject { Count: > 0 } volumes)
        {
            yield return Pair("volumes", new JsonArray([.. volumes.Select(v => (JsonNode)v.Key)]).ToJsonString());
        }
        if (!Given("imageid"))
        {
            yield return Pair("imageid", uuid);
        }
        if (!Given("imagename") && JsonText.Plain(tags["docker:repo"]) is { Length: > 0 } repository)
        {
            string? tag = tags.Select(t => t.Key).FirstOrDefault(t => t.StartsWith("docker:tag:", StringComparison.Ordinal));
            yield return Pair("imagename", repository + (tag is null ? "" : ":" + tag["docker:tag:".Length..]));
        }
    }

    // The image's variables, and over them those that were given; what was given wrongly stays as it is, to be told.
    private static JsonArray? Environment(JsonArray? image, JsonObject given)
    {
        bool isWrong = false;
        var own = DockerZoneReader.Read(new JsonObject { ["docker:env"] = given["docker:env"]?.DeepClone() }, (_, _) => isWrong = true).Env;
        if (isWrong)
        {
            return null;
        }
        var all = new List<string>();
        foreach (string item in (image?.Select(JsonText.Plain) ?? []).Concat(own))
        {
            string name = item.Split('=')[0];
            int at = all.FindIndex(other => other.Split('=')[0] == name);
            if (at < 0)
            {
                all.Add(item);
            }
            else
            {
                all[at] = item;
            }
        }
        return new JsonArray([.. all.Select(item => (JsonNode)item)]);
    }
}
