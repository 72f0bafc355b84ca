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
        Check(sort, "sort", NameOf);
        return new VmTable { Columns = order, SortBy = sort, Parsable = parsable, Header = header };
    }

    /// <summary>What has to be known of each VM to print the table.</summary>
    public IEnumerable<string> Sources => VmFields.Sources(Columns.Concat(SortBy.Select(NameOf)));

    /// <summary>The whole text for VMs as they are.</summary>
    public string Render(IEnumerable<JsonObject> vms)
    {
        var text = new StringBuilder();
        ListColumn[] columns = [.. Columns.Select(field => VmFields.Column(field)!)];
        if (Header)
        {
            AppendLine(text, columns, i => columns[i].Header);
        }
        foreach (var vm in Sorted(vms))
        {
            AppendLine(text, columns, i => Cell(VmFields.Listed(vm, Columns[i])));
        }
        return text.ToString();
    }

    private IEnumerable<JsonObject> Sorted(IEnumerable<JsonObject> vms)
    {
        string[] fields = [.. SortBy.Select(NameOf)];
        bool[] turned = [.. SortBy.Select(field => field.StartsWith('-'))];
        var rows = vms.Select(vm => (Vm: vm, Keys: fields.Select(field => SortKey.Of(VmFields.Listed(vm, field))).ToArray())).ToList();
        return rows.Order(Comparer<(JsonObject Vm, SortKey[] Keys)>.Create((a, b) =>
        {
            for (int i = 0; i < turned.Length; i++)
            {
                int order = a.Keys[i].CompareTo(b.Keys[i]);
                if (order != 0)
                {
                    return turned[i] ? -order : order;
                }
            }
            return 0;
        })).Select(row => row.Vm);
    }

    /// <summary>Numbers by size, texts by their code points, what is missing or empty after what is not.</summary>
    private readonly record struct SortKey(bool IsEmpty, double? Number, string Text) : IComparable<SortKey>
    {
        internal static SortKey Of(JsonNode? value) => VmTable.IsEmpty(value) ? new SortKey(true, null, "")
            : value is JsonValue number && number.GetValueKind() == JsonValueKind.Number ? new SortKey(false, AsDouble(number), JsonText.Plain(value))
            : new SortKey(false, null, JsonText.Plain(value));

        // One that was parsed has its digits; one made in this process is what it was made of.
        private static double AsDouble(JsonValue value) =>
            value.TryGetValue(out double number) ? number : double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);

        public int CompareTo(SortKey other) => (IsEmpty || other.IsEmpty) ? IsEmpty.CompareTo(other.IsEmpty)
            : Number is { } x && other.Number is { } y ? x.CompareTo(y)
            : string.CompareOrdinal(Text, other.Text);
    }

    private static string NameOf(string sort) => sort.TrimStart('+', '-');

    private static bool IsEmpty(JsonNode? value) => value is null
        || value.GetValueKind() is JsonValueKind.False
        || (value.GetValueKind() == JsonValueKind.String && value.GetValue<string>().Length == 0);

    private string Cell(JsonNode? value) => IsEmpty(value) ? Parsable ? "" : "-" : JsonText.Plain(value);

    private void AppendLine(StringBuilder text, ListColumn[] columns, Func<int, string> cell)
    {
        for (int i = 0; i < columns.Length; i++)
        {
            if (i > 0)
            {
                text.Append(Parsable ? ":" : "  ");
            }
            string value = cell(i);
            text.Append(value);
            if (!Parsable)
            {
                text.Append(' ', Math.Max(0, columns[i].Width - value.Length));
            }
        }
        while (text.Length > 0 && text[^1] is ' ' or '\t')
        {
            text.Length--;
        }
        text.Append('\n');
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
