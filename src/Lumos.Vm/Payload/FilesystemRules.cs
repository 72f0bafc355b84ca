using System.Text.Json.Nodes;
using Lumos.Zones.Bundle;

namespace Lumos.Vm.Payload;

/// <summary>The rules of filesystems: what has to be given, where they may be mounted, which options their type knows.</summary>
public static class FilesystemRules
{
    /// <summary>A file system, complete, in the order get prints.</summary>
    public static JsonObject Complete(JsonObject given, PayloadReport report)
    {
        var fs = (JsonObject)given.DeepClone();
        string type = JsonText.Plain(fs["type"]);
        if (type == MountOptions.Tmpfs)
        {
            fs["source"] ??= "swap"; // illumos's word for where a tmpfs comes from
        }
        foreach (string needed in (string[])["source", "target", "type"])
        {
            if (PropertyValue.IsUnset(fs[needed]))
            {
                report.AddMissing($"filesystems.*.{needed}");
            }
        }
        if (!PropertyValue.IsUnset(fs["raw"]))
        {
            report.AddBadValue("filesystems.*.raw", "is the device that fsck looks at before a disk's file system is mounted; only lofs and tmpfs can be mounted, which have none: leave it out");
        }
        if (type.Length > 0 && !MountOptions.Types.Contains(type))
        {
            report.AddBadValue("filesystems.*.type", $"\"{type}\" cannot be mounted ({string.Join(", ", MountOptions.Types)})");
        }
        else
        {
            CheckOptions(fs, type, report);
            CheckPaths(fs, type, report);
        }
        return Ordered(fs);
    }

    /// <summary>Sets a VM's file systems; none: the property is not there.</summary>
    public static void Put(JsonObject vm, IEnumerable<JsonObject> filesystems)
    {
        var array = new JsonArray();
        foreach (var fs in filesystems)
        {
            array.Add((JsonNode)fs);
        }
        if (array.Count > 0)
        {
            vm["filesystems"] = array;
        }
        else
        {
            vm.Remove("filesystems");
        }
    }

    /// <summary>A target as it is kept: no slash at its end, none twice.</summary>
    public static string Target(string text) => MountTarget.Plain(text);

    private static void CheckOptions(JsonObject fs, string type, PayloadReport report)
    {
        if (fs["options"] is JsonArray { Count: 0 })
        {
            fs.Remove("options");
        }
        foreach (string option in (fs["options"] as JsonArray)?.Select(JsonText.Plain) ?? [])
        {
            if (MountOptions.Fault(type, option) is { } fault)
            {
                report.AddBadValue("filesystems.*.options", fault);
            }
        }
    }

    private static void CheckPaths(JsonObject fs, string type, PayloadReport report)
    {
        string source = JsonText.Plain(fs["source"]), target = JsonText.Plain(fs["target"]);
        if (type == MountOptions.Lofs && source.Length > 0 && !source.StartsWith('/'))
        {
            report.AddBadValue("filesystems.*.source", $"\"{source}\" is not an absolute path");
        }
        if (target.Length == 0)
        {
            return;
        }
        if (MountTarget.Fault(target) is { } fault)
        {
            report.AddBadValue("filesystems.*.target", $"\"{target}\" {fault}");
        }
        else
        {
            fs["target"] = MountTarget.Plain(target);
        }
    }

    private static JsonObject Ordered(JsonObject fs)
    {
        var result = new JsonObject();
        foreach (string name in (string[])["source", "target", "raw", "type", "options"])
        {
            if (fs[name] is { } value && !PropertyValue.IsUnset(value))
            {
                result[name] = value.DeepClone();
            }
        }
        return result;
    }
}
