using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Vm.Payload;

namespace Lumos.Vm.Info;

/// <summary>
/// The lines of /events, each one JSON object: <c>ready</c> (with all VMs as they are when the events begin), <c>create</c>,
/// <c>modify</c> (with changes), <c>delete</c>; and <c>end</c>, after which nothing comes, with the reason.
/// </summary>
public static class VmEvent
{
    /// <summary>What a change of a VM is for those who listen; null: nothing they could see.</summary>
    /// <param name="line">What is after, as a line.</param>
    public static byte[]? Of(JsonObject? before, JsonObject? after, byte[]? line, DateTimeOffset now)
    {
        if (after is null)
        {
            return before is null ? null : Line("delete", now, before, null, null);
        }
        if (before is null)
        {
            return Line("create", now, after, line, null);
        }
        var changes = VmDiff.Between(before, after);
        return changes.Count == 0 ? null : Line("modify", now, after, line, changes);
    }

    /// <summary>Changes of a VM that its model does not hold.</summary>
    public static byte[] Of(VmInfo vm, IReadOnlyList<VmChange> changes, DateTimeOffset now) => Line("modify", now, vm.Object, vm.Line, changes);

    /// <summary>The first line of a stream.</summary>
    public static byte[] Ready(string id, DateTimeOffset now, IEnumerable<byte[]> vms) => Object(json =>
    {
        json.WriteString("type", "ready");
        json.WriteString("date", Normaliser.Timestamp(now));
        json.WriteString("uuid", id);
        json.WriteStartArray("vms");
        foreach (byte[] vm in vms)
        {
            json.WriteRawValue(vm, skipInputValidation: true);
        }
        json.WriteEndArray();
    });

    /// <summary>The last line of a stream that vminfod ends.</summary>
    public static byte[] End(DateTimeOffset now, string reason) => Object(json =>
    {
        json.WriteString("type", "end");
        json.WriteString("date", Normaliser.Timestamp(now));
        json.WriteString("reason", reason);
    });

    private static byte[] Line(string type, DateTimeOffset now, JsonObject vm, byte[]? shown, IReadOnlyList<VmChange>? changes) => Object(json =>
    {
        json.WriteString("type", type);
        json.WriteString("date", Normaliser.Timestamp(now));
        json.WriteString("zonename", JsonText.Plain(vm["zonename"]));
        json.WriteString("uuid", JsonText.Plain(vm["uuid"]));
        if (shown is not null)
        {
            json.WritePropertyName("vm");
            json.WriteRawValue(shown, skipInputValidation: true);
        }
        if (changes is not null)
        {
            json.WritePropertyName("changes");
            new JsonArray([.. changes.Select(change => (JsonNode)change.ToJson())]).WriteTo(json);
        }
    });

    private static byte[] Object(Action<Utf8JsonWriter> content)
    {
        var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }
        bytes.Write("\n"u8);
        return bytes.ToArray();
    }
}
