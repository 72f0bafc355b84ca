using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Update;

namespace Lumos.Vm.Applets.Verbs;

/// <summary>
/// What a run of a verb came to, for programs: the object of --json-result, the same for every verb that changes something.
/// <c>ok</c>, <c>verb</c>, <c>uuid</c> (where one is known), <c>changed</c> (false: it was so already), <c>message</c> (the line on
/// stderr), <c>warnings</c>; of an update <c>effects</c>: which properties are live, wait for the next boot, need the VM stopped
/// (of one that runs: then nothing was changed), or are only recorded; of a failure <c>code</c> and <c>exit_status</c> as well, and <c>message</c> says what failed.
/// </summary>
internal sealed class VerbResult
{
    internal string Verb { get; set; } = "";

    internal string? Uuid { get; set; }

    internal bool Changed { get; set; } = true;

    internal string? Message { get; set; }

    internal List<string> Warnings { get; } = [];

    /// <summary>Null for verbs that are no update.</summary>
    internal IReadOnlyList<Change>? Changes { get; set; }

    /// <summary>Fields of one verb alone.</summary>
    internal JsonObject More { get; } = [];

    internal JsonObject ToJson(int status, Exception? fault)
    {
        bool ok = status == 0;
        var result = new JsonObject { ["ok"] = ok, ["verb"] = Verb };
        if (Uuid is not null)
        {
            result["uuid"] = Uuid;
        }
        if (ok)
        {
            result["changed"] = Changed;
        }
        else
        {
            result["code"] = (fault as LumosException)?.Code ?? (fault is null ? "Failed" : "SystemError");
            result["exit_status"] = status;
        }
        if ((fault is null ? Message : LumosException.Describe(fault)) is { } message)
        {
            result["message"] = message;
        }
        if (Changes is not null && (ok || (fault as LumosException)?.Code == "VmMustBeStopped"))
        {
            result["effects"] = Effects();
        }
        foreach (var (name, value) in More)
        {
            result[name] = value?.DeepClone();
        }
        result["warnings"] = new JsonArray([.. Warnings.Select(w => (JsonNode)w)]);
        return result;
    }

    private JsonObject Effects()
    {
        var effects = new JsonObject();
        foreach (var (effect, name) in EffectNames)
        {
            effects[name] = new JsonArray([.. Changes!.Where(c => c.Effect == effect).Select(c => (JsonNode)c.Property)]);
        }
        return effects;
    }

    private static readonly (Effect, string)[] EffectNames =
    [
        (Effect.Live, "live"), (Effect.NextBoot, "next_boot"), (Effect.Stopped, "stopped"), (Effect.Recorded, "recorded"),
    ];
}
