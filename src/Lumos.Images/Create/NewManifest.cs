using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Import;
using Lumos.Images.Model;
using Lumos.Images.Oci;

namespace Lumos.Images.Create;

/// <summary>The manifest of an image that is made of a VM. A function of its arguments.</summary>
public static class NewManifest
{
    /// <summary>What an image takes over from the one that its VM was made of, where nothing else is said. Empty lists are left out.</summary>
    private static readonly string[] Inherited =
    [
        "type", "os", "requirements", "users", "billing_tags", "traits", "generate_passwords", "inherited_directories",
        "nic_driver", "disk_driver", "cpu_type", "image_size",
    ];

    private static readonly string[] Texts = ["name", "version", "type", "os", "description", "homepage", "eula"];

    // They follow from the image that is made.
    private static readonly string[] NotSaid = ["v", "uuid", "files"];

    /// <summary>What of the user's words is left out, as a sentence each.</summary>
    public static IEnumerable<string> LeftOut(JsonObject said) =>
        said.Where(p => NotSaid.Contains(p.Key) && !(p.Key == "v" && p.Value?.ToJsonString() == "2"))
            .Select(p => $"{p.Key} of the manifest is left out: it follows from the image that is made");

    /// <param name="said">What the user says of it.</param>
    /// <param name="origin">Of the image that the VM was made of; null: unknown.</param>
    /// <param name="increment">The image that it is an increment of; null: none.</param>
    /// <param name="stamp">Of the platform that runs.</param>
    public static JsonObject Of(JsonObject said, ProtoVm vm, ImageManifest? origin, Uuid? increment, Uuid uuid, string stamp)
    {
        var manifest = new JsonObject { ["v"] = 2, ["uuid"] = uuid.ToString() };
        foreach (var (key, value) in said)
        {
            if (!NotSaid.Contains(key))
            {
                manifest[key] = value?.DeepClone();
            }
        }
        foreach (string key in Inherited)
        {
            if (!manifest.ContainsKey(key) && origin?[key] is { } value && value is not JsonArray { Count: 0 })
            {
                manifest[key] = value.DeepClone();
            }
        }
        if (origin is { Type: DockerManifest.Type })
        {
            InheritProgram(manifest, origin["tags"] as JsonObject ?? []);
        }
        var asked = said["requirements"] as JsonObject;
        // A native zone lives on the platform's programs: what runs on this one needs not run on an older one.
        if (vm.Brand is "joyent" or "joyent-minimal" && asked?["min_platform"] is null)
        {
            Requirements(manifest)["min_platform"] = new JsonObject { [PlatformRequirements.SystemVersion] = stamp };
        }
        // A guest that was prepared for one of these need not start in another.
        if (vm.Brand is "lx" or "kvm" or "bhyve" && asked?.ContainsKey("brand") != true)
        {
            Requirements(manifest)["brand"] = vm.Brand;
        }
        if (vm is { Brand: "bhyve", Bootrom: { } bootrom } && asked?.ContainsKey("bootrom") != true)
        {
            Requirements(manifest)["bootrom"] = bootrom;
        }
        foreach (string key in (string[])["brand", "bootrom"])
        {
            // "" says that it is to have none.
            if (manifest["requirements"] is JsonObject requirements && requirements[key] is JsonValue value && value.TryGetValue(out string? text) && text.Length == 0)
            {
                requirements.Remove(key);
            }
        }
        if (increment is { } of)
        {
            manifest["origin"] = of.ToString();
        }
        return manifest;
    }

    // What an image of docker runs is in its tags. It is the source image's, not the VM's own words, which may hold secrets; what it is called there stays there.
    private static void InheritProgram(JsonObject manifest, JsonObject origin)
    {
        var tags = manifest["tags"] switch { null => [], JsonObject given => given, _ => null };
        if (tags is null || manifest["type"]?.ToString() != DockerManifest.Type)
        {
            return; // the rules of manifests tell; or it is to be something else
        }
        foreach (string key in DockerManifest.Inherited.Where(key => !tags.ContainsKey(key) && origin[key] is not null))
        {
            tags[key] = origin[key]!.DeepClone();
        }
        manifest["tags"] = tags;
    }

    private static JsonObject Requirements(JsonObject manifest)
    {
        if (manifest["requirements"] is not JsonObject requirements)
        {
            manifest["requirements"] = requirements = [];
        }
        return requirements;
    }

    /// <summary>A value on the command line: JSON where it is JSON, and text of a field that is text (version=1.0).</summary>
    public static JsonNode? Value(string field, string text)
    {
        try
        {
            var value = JsonPath.Parse(System.Text.Encoding.UTF8.GetBytes(text));
            return Texts.Contains(field) && value?.GetValueKind() != JsonValueKind.String ? text : value;
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
