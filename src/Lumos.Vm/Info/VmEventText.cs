using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lumos.Vm.Info;

/// <summary>
/// Events as vmadm and vminfo print them: <c>[time] zone alias type</c>, and for each change of a modify one such line with
/// <c>: path action :: old -> new</c> behind it. Short: the time of day, the first part of the zone's name.
/// An alias is cut to 30 characters in either form.
/// </summary>
/// <param name="Json">The lines as vminfod sends them.</param>
/// <param name="Full">Dates and names in full.</param>
/// <param name="Ready">The first line, ready, too.</param>
public sealed record VmEventText(bool Json, bool Full, bool Ready)
{
    private const int LongestAlias = 30;

    public void Write(TextWriter output, SeenEvent e)
    {
        if (e.Type == "ready" && !Ready)
        {
            return;
        }
        if (Json)
        {
            output.WriteLine(Encoding.UTF8.GetString(e.Line));
            return;
        }
        string date = JsonText.Plain(e.Object["date"]);
        if (!Full)
        {
            date = date[(date.IndexOf('T') + 1)..];
        }
        if (e.Type == "ready")
        {
            output.WriteLine(Full ? $"[{date}] ready (uuid {JsonText.Plain(e.Object["uuid"])})" : $"[{date}] ready");
            return;
        }
        string zone = JsonText.Plain(e.Object["zonename"]);
        string start = $"[{date}] {(Full ? zone : zone.Split('-')[0])} {Alias(e.Object["vm"]?["alias"])} {e.Type}";
        if (e.Object["changes"] is not JsonArray changes)
        {
            output.WriteLine(start);
            return;
        }
        foreach (var change in changes.OfType<JsonObject>())
        {
            output.WriteLine($"{start}: {JsonText.Plain(change["prettyPath"])} {JsonText.Plain(change["action"])} :: {Value(change, "oldValue")} -> {Value(change, "newValue")}");
        }
    }

    private static string Alias(JsonNode? alias) => JsonText.Plain(alias) switch
    {
        "" => "-",
        { Length: > LongestAlias } text => text[..(LongestAlias - 3)] + "...",
        var text => text,
    };

    private static string Value(JsonObject change, string name) => !change.TryGetPropertyValue(name, out var value) ? "undefined"
        : value is null || value.GetValueKind() == JsonValueKind.Null ? "null"
        : Encoding.UTF8.GetString(JsonText.Line(value));
}
