using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.Properties;

namespace Lumos.Vm.List;

/// <summary>
/// The table of <c>vmadm list</c>, byte for byte as SmartOS prints it: columns padded to a fixed width and two blanks
/// apart, blanks at the end of a line cut off; with <c>-p</c> joined by colons that are not escaped. A value that is
/// missing, empty or false shows as "-", and as nothing with -p.
/// </summary>
public sealed record VmTable
{
    public const string DefaultColumns = "uuid,type,ram,state,alias", DefaultSort = "ram,uuid";

    public required IReadOnlyList<string> Columns { get; init; }

    /// <summary>Field names; a leading - turns the order round.</summary>
    public required IReadOnlyList<string> SortBy { get; init; }

    public bool Parsable { get; init; }

    public bool Header { get; init; } = true;

    /// <summary>Checks the words of -o and -s.</summary>
    /// <exception cref="LumosException">InvalidField.</exception>
    public static VmTable Create(string columns, string sortBy, bool parsable, bool header)
    {
        string[] order = columns.Split(','), sort = sortBy.Split(',');
        Check(order, "order", field => field);
        Check(sort, "sort", field => field.TrimStart('+', '-'));
        return new VmTable { Columns = order, SortBy = sort, Parsable = parsable, Header = header };
    }

    /// <summary>The whole text for VMs as <see cref="VmFields.ForListing"/> gives them.</summary>
    public string Render(IEnumerable<JsonObject> vms)
    {
        var text = new StringBuilder();
        if (Header)
        {
            AppendLine(text, Columns.Select(field => VmFields.Column(field)!.Header));
        }
        foreach (var vm in Sorted(vms))
        {
            AppendLine(text, Columns.Select(field => Cell(VmFields.Value(vm, field))));
        }
        return text.ToString();
    }

    private IEnumerable<JsonObject> Sorted(IEnumerable<JsonObject> vms)
    {
        var list = vms.ToList();
        var keyed = list.Select(vm => (Vm: vm, Keys: SortBy.Select(f => VmFields.Value(vm, f.TrimStart('+', '-'))).ToArray()));
        return keyed.Order(Comparer<(JsonObject Vm, JsonNode?[] Keys)>.Create((a, b) =>
        {
            for (int i = 0; i < SortBy.Count; i++)
            {
                int order = Compare(a.Keys[i], b.Keys[i]);
                if (order != 0)
                {
                    return SortBy[i].StartsWith('-') ? -order : order;
                }
            }
            return 0;
        })).Select(pair => pair.Vm);
    }

    /// <summary>Numbers by size, texts by their code points, what is missing or empty after what is not.</summary>
    private static int Compare(JsonNode? a, JsonNode? b)
    {
        bool emptyA = IsEmpty(a), emptyB = IsEmpty(b);
        if (emptyA || emptyB)
        {
            return emptyA.CompareTo(emptyB);
        }
        if (Number(a!) is { } x && Number(b!) is { } y)
        {
            return x.CompareTo(y);
        }
        return string.CompareOrdinal(JsonText.Plain(a), JsonText.Plain(b));
    }

    private static double? Number(JsonNode value) => value.GetValueKind() == JsonValueKind.Number
        ? double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture)
        : null;

    private static bool IsEmpty(JsonNode? value) => value is null
        || value.GetValueKind() is JsonValueKind.False
        || (value.GetValueKind() == JsonValueKind.String && value.GetValue<string>().Length == 0);

    private string Cell(JsonNode? value) => IsEmpty(value) ? Parsable ? "" : "-" : JsonText.Plain(value);

    private void AppendLine(StringBuilder text, IEnumerable<string> cells)
    {
        var line = Parsable
            ? string.Join(':', cells)
            : string.Join("  ", cells.Zip(Columns, (cell, field) => cell.PadRight(VmFields.Column(field)!.Width)));
        text.Append(line.TrimEnd()).Append('\n');
    }

    private static void Check(string[] fields, string kind, Func<string, string> nameOf)
    {
        foreach (string field in fields)
        {
            if (!VmFields.NamesOneValue(nameOf(field)))
            {
                throw new LumosException("InvalidField", $"Invalid {kind} key: \"{field}\"");
            }
            if (VmFields.Column(nameOf(field)) is null)
            {
                throw new LumosException("InvalidField", $"invalid {kind} field: {field}");
            }
        }
    }
}
