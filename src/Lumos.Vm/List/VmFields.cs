using System.Text.Json.Nodes;
using Lumos.Vm.Properties;

namespace Lumos.Vm.List;

/// <summary>
/// Names of fields as list and lookup know them: a property of the table with a column, <c>nics.0.ip</c>,
/// <c>disks.*.size</c> (filters only), <c>tags.NAME</c> and the other maps.
/// </summary>
public static class VmFields
{
    private static readonly string[] Maps = ["tags", "customer_metadata", "internal_metadata"];

    /// <summary>It may stand left of the = of a filter.</summary>
    public static bool IsFilter(string key)
    {
        if (PropertyTable.Find(key)?.Column is not null)
        {
            return true;
        }
        string[] parts = key.Split('.', 3);
        return parts.Length switch
        {
            2 => Maps.Contains(parts[0]),
            3 => Maps.Contains(parts[0])
                || ((parts[1] == "*" || (parts[1].Length > 0 && parts[1].All(char.IsAsciiDigit)))
                    && PropertyTable.Find($"{parts[0]}.*.{parts[2]}")?.Filterable == true),
            _ => false,
        };
    }

    /// <summary>The column of a field of -o or -s; null: there is none.</summary>
    public static ListColumn? Column(string field)
    {
        if (PropertyTable.Find(field)?.Column is { } column)
        {
            return column;
        }
        string[] parts = field.Split('.');
        bool inArray = parts.Length == 3 && (parts[1] == "*" || (parts[1].Length > 0 && parts[1].All(char.IsAsciiDigit))) && PropertyTable.Find($"{parts[0]}.*.{parts[2]}") is not null;
        bool inMap = parts.Length == 2 && parts[0] is "tags" or "customer_metadata" or "internal_metadata" or "routes";
        return inArray || (inMap && parts.Length == 2)
            ? new ListColumn(field.ToUpperInvariant(), 20)
            : null;
    }

    /// <summary>It may be asked for of a whole object: any property that is shown, and what a column may be.</summary>
    public static bool IsShown(string field) =>
        PropertyTable.LoadTimeFields.Contains(field)
        || (!field.Contains('*') && (PropertyTable.Find(field) is { Group: null } || Column(field) is not null));

    /// <summary>False for <c>nics.*.ip</c>: nobody could say which one to show.</summary>
    public static bool NamesOneValue(string field) =>
        !field.StartsWith("disks.*.", StringComparison.Ordinal) && !field.StartsWith("nics.*.", StringComparison.Ordinal)
        && !field.StartsWith("filesystems.*.", StringComparison.Ordinal);

    /// <summary>The value of a field of a VM; null: it has none.</summary>
    public static JsonNode? Value(JsonObject vm, string field)
    {
        if (vm.TryGetPropertyValue(field, out var direct))
        {
            return direct;
        }
        int dot = field.IndexOf('.');
        if (dot < 0)
        {
            return null;
        }
        string rest = field[(dot + 1)..];
        switch (vm[field[..dot]])
        {
            case JsonObject map:
                return map[rest];
            case JsonArray array:
                string[] parts = rest.Split('.', 2);
                return int.TryParse(parts[0], out int index) && index >= 0 && index < array.Count
                    ? parts.Length == 2 ? (array[index] as JsonObject)?[parts[1]] : array[index]
                    : null;
            default:
                return null;
        }
    }

    /// <summary>The value that list and lookup see: TYPE cut to four letters, and ram of an OS VM is its memory cap.</summary>
    public static JsonNode? Listed(JsonObject vm, string field) => field switch
    {
        "type" => BrandTable.TypeOf(JsonText.Plain(vm["brand"])) is { Length: > 4 } type ? type[..4] : BrandTable.TypeOf(JsonText.Plain(vm["brand"])),
        "ram" when vm["max_physical_memory"] is { } memory && !BrandTable.IsHvm(JsonText.Plain(vm["brand"])) => memory,
        _ => Value(vm, field),
    };

    /// <summary>What has to be known of a VM to show these fields.</summary>
    public static IReadOnlySet<string> Sources(IEnumerable<string> fields)
    {
        var sources = new HashSet<string>(StringComparer.Ordinal);
        foreach (string field in fields)
        {
            sources.UnionWith(field switch
            {
                "type" => ["brand"],
                "ram" => ["ram", "brand", "max_physical_memory"],
                _ => [field.Split('.', 2)[0]],
            });
        }
        return sources;
    }

    /// <summary>The whole object as lookup shows it. The one given is not changed.</summary>
    public static JsonObject ForListing(JsonObject vm)
    {
        var shown = (JsonObject)vm.DeepClone();
        foreach (string field in (string[])["type", "ram"])
        {
            if (Listed(vm, field) is { } value)
            {
                shown[field] = value.DeepClone();
            }
        }
        return shown;
    }
}
