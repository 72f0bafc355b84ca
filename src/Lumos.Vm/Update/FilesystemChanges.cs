using System.Text.Json.Nodes;
using Lumos.Vm.Payload;

namespace Lumos.Vm.Update;

/// <summary>add_, update_ and remove_filesystems: file systems are known by their target.</summary>
internal static class FilesystemChanges
{
    internal static void Apply(JsonObject vm, JsonObject known, PayloadReport report)
    {
        var removed = known["remove_filesystems"] as JsonArray;
        var updated = known["update_filesystems"] as JsonArray;
        var added = known["add_filesystems"] as JsonArray;
        if (removed is null && updated is null && added is null)
        {
            return;
        }
        var all = (vm["filesystems"] as JsonArray)?.OfType<JsonObject>().Select(fs => (JsonObject)fs.DeepClone()).ToList() ?? [];
        foreach (string target in removed?.Select(JsonText.Plain) ?? [])
        {
            if (Find(all, target, "remove_filesystems", report) is var at and >= 0)
            {
                all.RemoveAt(at);
            }
        }
        foreach (var change in updated?.OfType<JsonObject>() ?? [])
        {
            if (change["target"] is not { } target)
            {
                report.AddMissing("update_filesystems.*.target");
            }
            else if (Find(all, JsonText.Plain(target), "update_filesystems", report) is var at and >= 0)
            {
                foreach (var (name, value) in change.Where(p => p.Key != "target"))
                {
                    all[at][name] = value?.DeepClone();
                }
                all[at] = FilesystemRules.Complete(all[at], report);
            }
        }
        all.AddRange((added?.OfType<JsonObject>() ?? []).Select(fs => FilesystemRules.Complete(fs, report)));
        FilesystemRules.Put(vm, all);
    }

    private static int Find(List<JsonObject> all, string target, string verb, PayloadReport report)
    {
        int at = all.FindIndex(fs => JsonText.Plain(fs["target"]) == FilesystemRules.Target(target));
        if (at < 0)
        {
            report.AddFault($"{verb}: the VM has no file system at {target}");
        }
        return at;
    }
}
