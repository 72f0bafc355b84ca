using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Services.Model;
using Lumos.Services.Repository;
using Lumos.Services.Restarter;

namespace Lumos.Services.Daemon;

/// <summary>
/// What instances look like, for the svc.startd that comes after this one dies: /run/svc/state.json. Derived and forgotten at
/// reboot; a file of another boot (another PID 1) is not looked at. Written by rename, without fsync, as it is on a RAM disk.
/// </summary>
public sealed class StateFile(string path, string boot)
{
    /// <summary>Names this run of the machine or zone: the kernel's boot id and PID 1's start time.</summary>
    public static string CurrentBoot() =>
        $"{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()}/{ProcFiles.StartTicks(1)}";

    public void Save(Restarter.Restarter restarter)
    {
        var root = new JsonObject
        {
            ["boot"] = boot,
            ["milestone"] = restarter.Milestone,
            ["instances"] = new JsonObject(restarter.Instances.Select(i => KeyValuePair.Create(i.Fmri.ToString(), (JsonNode?)Write(i)))),
        };
        string temporary = path + ".new";
        File.WriteAllText(temporary, JsonText.Line(root));
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>What an earlier svc.startd of this boot saved; null: this is the first.</summary>
    public JsonObject? Load()
    {
        if (!File.Exists(path))
        {
            return null;
        }
        try
        {
            var root = JsonNode.Parse(File.ReadAllText(path)) as JsonObject;
            return (string?)root?["boot"] == boot ? root : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Puts the saved fields back into an instance. False: the file does not know it.</summary>
    public static bool Restore(JsonObject saved, ServiceInstance instance)
    {
        if (saved["instances"]?[instance.Fmri.ToString()] is not JsonObject node)
        {
            return false;
        }
        instance.State = ServiceStates.Parse((string?)node["state"]) ?? ServiceState.Uninitialized;
        instance.Next = ServiceStates.Parse((string?)node["next"]) ?? ServiceState.None;
        instance.StateTime = DateTimeOffset.FromUnixTimeMilliseconds((long)node["since"]!);
        instance.Auxiliary = (string?)node["auxiliary"] ?? "none";
        instance.Reason = (string?)node["reason"];
        instance.EnabledOverride = (bool?)node["override"];
        instance.Comment = (string?)node["comment"];
        instance.StartStatus = (int?)node["start_status"];
        instance.Unwatched = (bool?)node["unwatched"] ?? false;
        instance.Process = node["pid"] is { } pid ? new WatchedProcess((int)pid, (ulong)node["ticks"]!) : null;
        instance.Starts.AddRange(node["starts"]!.AsArray().Select(s => TimeSpan.FromMilliseconds((long)s!)));
        return true;
    }

    private static JsonObject Write(ServiceInstance instance) => new()
    {
        ["state"] = instance.State.Text(),
        ["next"] = instance.Next.Text(),
        ["since"] = instance.StateTime.ToUnixTimeMilliseconds(),
        ["auxiliary"] = instance.Auxiliary,
        ["reason"] = instance.Reason,
        ["override"] = instance.EnabledOverride,
        ["comment"] = instance.Comment,
        ["start_status"] = instance.StartStatus,
        ["unwatched"] = instance.Unwatched,
        ["pid"] = instance.Process?.Pid,
        ["ticks"] = instance.Process?.StartTicks,
        ["starts"] = new JsonArray([.. instance.Starts.Select(s => JsonValue.Create((long)s.TotalMilliseconds))]),
    };
}
