using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Vm.Payload;

/// <summary>Something given that is taken differently: what SmartOS does in silence and we say.</summary>
/// <param name="Property">The key.</param>
/// <param name="Given">The value in the payload, or null for a key that is dropped.</param>
/// <param name="Used">What is used in its place.</param>
/// <param name="Why">The reason.</param>
public sealed record Adjustment(string Property, string? Given, string? Used, string Why)
{
    /// <summary>What is said in place of all this, of something that is not a value.</summary>
    public string? Sentence { get; init; }

    public override string ToString() => Sentence ?? (Used is null
        ? $"\"{Property}\" {Why}, and is left out"
        : $"{Property}: {Given} given, {Used} used ({Why})");
}

/// <summary>All that is wrong with a payload, found in one go.</summary>
public sealed class PayloadReport
{
    private readonly List<string> _badProperties = [];
    private readonly List<string> _badValues = [];
    private readonly List<string> _missing = [];
    private readonly List<string> _sentences = [];
    private readonly List<Adjustment> _adjustments = [];

    /// <summary>Unknown, or not of this brand or action: SmartOS drops them with a line in its log.</summary>
    public IReadOnlyList<string> BadProperties => _badProperties;

    /// <summary>Names, as SmartOS lists them; the reasons are among <see cref="Sentences"/>.</summary>
    public IReadOnlyList<string> BadValues => _badValues;

    public IReadOnlyList<string> MissingProperties => _missing;

    /// <summary>Reasons and other faults, one sentence each.</summary>
    public IReadOnlyList<string> Sentences => _sentences;

    public IReadOnlyList<Adjustment> Adjustments => _adjustments;

    /// <summary>Nothing stands against going on (bad properties do not: they are dropped).</summary>
    public bool CanGoOn => _badValues.Count == 0 && _missing.Count == 0 && _sentences.Count == 0;

    public void AddBadProperty(string name, string why)
    {
        if (!_badProperties.Contains(name))
        {
            _badProperties.Add(name);
            _adjustments.Add(new Adjustment(name, null, null, why));
        }
    }

    /// <summary>A property that SmartOS would drop and report success, though the user asked for a change.</summary>
    public void RefuseProperty(string name, string why)
    {
        if (!_badProperties.Contains(name))
        {
            _badProperties.Add(name);
        }
        _sentences.Add($"{name} {why}");
    }

    public void AddBadValue(string name, string why)
    {
        if (!_badValues.Contains(name))
        {
            _badValues.Add(name);
        }
        AddFault($"{name} {why}");
    }

    public void AddMissing(string name)
    {
        if (!_missing.Contains(name))
        {
            _missing.Add(name);
        }
    }

    /// <summary>Once, however many rules find it.</summary>
    public void AddFault(string sentence)
    {
        if (!_sentences.Contains(sentence))
        {
            _sentences.Add(sentence);
        }
    }

    public void Adjust(string property, object? given, object? used, string why) =>
        _adjustments.Add(new Adjustment(property, given?.ToString(), used?.ToString(), why));

    /// <summary>Something is lost by what is asked for, which SmartOS does not tell.</summary>
    public void AddLoss(string property, string sentence) => _adjustments.Add(new Adjustment(property, null, null, "") { Sentence = sentence });

    /// <summary>For the user: SmartOS's two lines first, then the reasons.</summary>
    public string Describe()
    {
        var lines = new List<string>();
        if (_badValues.Count > 0)
        {
            lines.Add($"Invalid value(s) for: {string.Join(',', _badValues)}");
        }
        if (_missing.Count > 0)
        {
            lines.Add($"Missing required properties: {string.Join(',', _missing)}");
        }
        lines.AddRange(_sentences.Select(s => lines.Count > 0 && _badValues.Count > 0 ? $"  {s}" : s));
        return string.Join('\n', lines);
    }

    /// <exception cref="LumosException">InvalidPayload.</exception>
    public void ThrowIfFaulty()
    {
        if (!CanGoOn)
        {
            throw new LumosException("InvalidPayload", Describe());
        }
    }

    /// <summary>With --strict, what would be dropped or bent is refused.</summary>
    /// <exception cref="LumosException">StrictPayload.</exception>
    public void ThrowIfAdjusted()
    {
        if (_adjustments.Count > 0)
        {
            var text = new StringBuilder("the payload is not taken as it stands (--strict):");
            foreach (var adjustment in _adjustments)
            {
                text.Append("\n  ").Append(adjustment);
            }
            throw new LumosException("StrictPayload", text.ToString());
        }
    }

    /// <summary>With --strict of <c>vmadm validate</c>: what would be dropped or bent is a fault like any other.</summary>
    public void RefuseAdjusted()
    {
        foreach (var adjustment in _adjustments)
        {
            AddFault(adjustment.ToString());
        }
    }

    /// <summary>The object <c>vmadm validate</c> prints.</summary>
    public JsonObject ToJson()
    {
        static JsonArray Array(IEnumerable<string> names)
        {
            var array = new JsonArray();
            foreach (string name in names)
            {
                array.Add((JsonNode)name);
            }
            return array;
        }
        return new JsonObject
        {
            ["bad_values"] = Array(_badValues),
            ["bad_properties"] = Array(_badProperties),
            ["missing_properties"] = Array(_missing),
            ["reasons"] = Array(_sentences),
        };
    }
}
