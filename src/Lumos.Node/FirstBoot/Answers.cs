using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Node.FirstBoot;

/// <summary>Answers by key, as read from answers.json or as completed with defaults.</summary>
internal sealed class Answers
{
    internal const string TakeDefault = "<default>";

    private readonly Dictionary<string, string> _values;

    private Answers(Dictionary<string, string> values) => _values = values;

    internal IEnumerable<string> Keys => _values.Keys;

    internal string? this[string key] => _values.GetValueOrDefault(key);

    internal Answers With(string key, string value) =>
        new(new Dictionary<string, string>(_values, StringComparer.Ordinal) { [key] = value });

    internal static Answers None => new(new(StringComparer.Ordinal));

    /// <summary>
    /// Reads answers.json: an object whose values are strings, true, false, numbers, or lists of strings (joined by line
    /// feeds). Faults of form are collected by key like all others.
    /// </summary>
    /// <exception cref="LumosException">BadAnswers: the text is no JSON object; names the origin and the position.</exception>
    internal static Answers Parse(string text, string origin, List<AnswerFault> faults)
    {
        JsonObject document;
        try
        {
            document = JsonNode.Parse(text, documentOptions: new JsonDocumentOptions
            {
                AllowTrailingCommas = true,
                CommentHandling = JsonCommentHandling.Skip,
            }) as JsonObject ?? throw new LumosException("BadAnswers", $"the answers in {origin} are not a JSON object");
            _ = document.Count; // duplicate keys show here
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new LumosException("BadAnswers", $"the answers in {origin} are not JSON", inner: e);
        }
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, node) in document)
        {
            string key = Questions.Aliases.GetValueOrDefault(name, name);
            if (Questions.All.All(q => q.Key != key))
            {
                faults.Add(new AnswerFault(name, "is not a key of answers.json"));
            }
            else if (Text(node) is not { } value)
            {
                faults.Add(new AnswerFault(name, "has to be a string, true, false or a list of strings"));
            }
            else if (!values.TryAdd(key, value))
            {
                faults.Add(new AnswerFault(name, $"says the same as {key}; give one of them"));
            }
        }
        return new Answers(values);
    }

    private static string? Text(JsonNode? node) => node switch
    {
        JsonArray array when array.All(n => n?.GetValueKind() == JsonValueKind.String) =>
            string.Join('\n', array.Select(n => n!.GetValue<string>())),
        JsonValue value => value.GetValueKind() switch
        {
            JsonValueKind.String => value.GetValue<string>(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Number => value.ToJsonString(),
            _ => null,
        },
        _ => null,
    };
}

/// <summary>A wrong answer: the sentence is "KEY WHAT".</summary>
internal sealed record AnswerFault(string Key, string What)
{
    public override string ToString() => $"{Key} {What}";
}
