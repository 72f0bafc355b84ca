using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lumos.Vm.Audit;

/// <summary>
/// What may be written down of a payload: no password, nothing of the operator's own metadata, no text longer than anybody
/// reads in a log. Names stay, so that the log tells what was changed.
/// </summary>
public static class Secrets
{
    public const string Mask = "***";

    /// <summary>A longer text is cut to this.</summary>
    public const int LongestText = 1024;

    private static readonly string[] OperatorsOwn = ["internal_metadata", "set_internal_metadata"];

    private static readonly string[] Endings = ["_pw", "password", "passwd", "passphrase", "secret", "token", "private_key"];

    /// <summary>The payload with its secrets masked; the one given is not changed.</summary>
    public static JsonNode? Masked(JsonNode? value) => Masked(value, hide: false);

    /// <summary>A word of a command line: of name=value the value, where the name says that it is a secret.</summary>
    public static string MaskedWord(string word)
    {
        int equals = word.IndexOf('=');
        return equals > 0 && (IsSecret(word[..equals]) || OperatorsOwn.Contains(word[..equals])) ? $"{word[..equals]}={Mask}" : Cut(word);
    }

    private static JsonNode? Masked(JsonNode? value, bool hide)
    {
        switch (value)
        {
            case JsonObject map:
                var shown = new JsonObject();
                foreach (var (name, item) in map)
                {
                    shown[name] = Masked(item, hide || IsSecret(name) || OperatorsOwn.Contains(name));
                }
                return shown;
            case JsonArray array:
                return new JsonArray([.. array.Select(item => Masked(item, hide))]);
            case null:
                return null;
            default:
                return hide ? Mask : value.GetValueKind() == JsonValueKind.String ? Cut(value.GetValue<string>()) : value.DeepClone();
        }
    }

    private static bool IsSecret(string name) => Endings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    private static string Cut(string text) => text.Length <= LongestText ? text : $"{text[..LongestText]}… ({text.Length} characters)";
}
