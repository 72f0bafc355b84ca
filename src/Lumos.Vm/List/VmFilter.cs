using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Lumos.Core;

namespace Lumos.Vm.List;

/// <summary>One filter of list and lookup: key=value (the whole text) or key=~expression (anywhere, case ignored).</summary>
public sealed record VmFilter
{
    private readonly Regex? _expression;

    private VmFilter(string key, string text, Regex? expression)
    {
        Key = key;
        Text = text;
        _expression = expression;
    }

    public string Key { get; }

    /// <summary>What stands behind the = of the filter, a ~ included.</summary>
    public string Text { get; }

    /// <summary>Reads the words after the options. Of two filters with the same key the last counts, as in SmartOS.</summary>
    /// <param name="words">Each KEY=VALUE.</param>
    /// <param name="kind">"filter" or "lookup": how the error names a wrong key.</param>
    /// <param name="leaveOut">Told of a filter that does not count.</param>
    /// <exception cref="LumosException">InvalidFilter.</exception>
    public static IReadOnlyList<VmFilter> Parse(IEnumerable<string> words, string kind, Action<string>? leaveOut = null)
    {
        var filters = new Dictionary<string, VmFilter>();
        foreach (string word in words)
        {
            int equals = word.IndexOf('=');
            if (equals <= 0)
            {
                // SmartOS takes a bare word for a key without a value, matches nothing and shows an empty table.
                throw new LumosException("InvalidFilter", $"\"{word}\" is not a filter: write KEY=VALUE or KEY=~EXPRESSION");
            }
            string key = word[..equals];
            if (!VmFields.IsFilter(key))
            {
                throw new LumosException("InvalidFilter", $"Invalid {kind} key: \"{key}\"");
            }
            if (filters.TryGetValue(key, out var before))
            {
                leaveOut?.Invoke($"{key}={before.Text} is left out: of two filters of {key} the last one counts");
            }
            filters[key] = One(key, word[(equals + 1)..]);
        }
        return [.. filters.Values];
    }

    /// <summary>Whether a VM passes, as lists show it.</summary>
    public bool Matches(JsonObject vm)
    {
        string[] parts = Key.Split('.', 3);
        if (parts is [_, "*", var leaf] && vm[parts[0]] is JsonArray array)
        {
            return array.Any(item => item is JsonObject element && Test(element[leaf]));
        }
        return Test(VmFields.Listed(vm, Key));
    }

    private bool Test(JsonNode? value)
    {
        if (value is null)
        {
            return false;
        }
        string text = JsonText.Plain(value);
        return _expression?.IsMatch(text) ?? text == Text;
    }

    private static VmFilter One(string key, string text)
    {
        if (text.StartsWith('~'))
        {
            try
            {
                var options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;
                return new VmFilter(key, text, new Regex(text[1..], options, TimeSpan.FromSeconds(2)));
            }
            catch (ArgumentException e)
            {
                throw new LumosException("InvalidFilter", $"\"{text[1..]}\" is not a regular expression", inner: e);
            }
        }
        bool isMac = key.StartsWith("nics.", StringComparison.Ordinal) && key.EndsWith(".mac", StringComparison.Ordinal);
        return new VmFilter(key, isMac && MacAddress.TryParse(text, out var mac) ? mac.ToString() : text, null);
    }
}
