using System.Globalization;
using Lumos.Core;

namespace Lumos.JsonTool.Output;

internal enum OutputForm
{
    /// <summary>JSON, but a string that stands alone bare.</summary>
    Jsony,
    Json,
    Inspect,
}

/// <summary>How values are printed.</summary>
/// <param name="Indent">What each level of JSON is moved in by.</param>
internal sealed record OutputMode(OutputForm Form, string Indent)
{
    /// <summary>JSON.stringify moves in by no more.</summary>
    private const int WidestIndent = 10;

    internal static readonly OutputMode Default = new(OutputForm.Jsony, Spaces(2));

    /// <summary>A mode by its name: jsony, json, either with -N or -tab, compact, inspect.</summary>
    /// <exception cref="LumosException">BadOutputMode.</exception>
    internal static OutputMode Parse(string name)
    {
        int dash = name.IndexOf('-', StringComparison.Ordinal);
        string form = dash < 0 ? name : name[..dash];
        string? indent = dash < 0 ? Spaces(2)
            : name[(dash + 1)..] is "tab" ? "\t"
            : int.TryParse(name.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? Spaces(count) : null;
        return (form, indent) switch
        {
            ("jsony", { } by) => new OutputMode(OutputForm.Jsony, by),
            ("json", { } by) => new OutputMode(OutputForm.Json, by),
            ("inspect", { } by) => new OutputMode(OutputForm.Inspect, by),
            ("compact", _) when dash < 0 => new OutputMode(OutputForm.Json, ""),
            _ => throw new LumosException("BadOutputMode", $"unknown output mode: \"{name}\" (jsony, json, json-N, json-tab, compact, inspect)"),
        };
    }

    internal static string Spaces(int count) => new(' ', Math.Min(count, WidestIndent));
}
