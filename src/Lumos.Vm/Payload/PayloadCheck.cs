using System.Text.Json.Nodes;
using Lumos.Vm.Properties;

namespace Lumos.Vm.Payload;

/// <summary>
/// First pass over a payload, by the property table alone: every key known to the brand and action, every value in its one
/// form, nothing given that is not acted on yet. What passes is handed on; what does not is in the report.
/// </summary>
public static class PayloadCheck
{
    /// <summary>The known properties, normalised; an unset one (null, "") is a JSON null at update and absent at create.</summary>
    /// <param name="brand">The VM's.</param>
    /// <param name="action">Create or Update.</param>
    /// <param name="payload">What the user gave; not changed.</param>
    /// <param name="current">The VM as it is, at update: a property that is not acted on may be given as it already is.</param>
    /// <param name="report">Gets the faults.</param>
    public static JsonObject Run(Brands brand, PropertyOps action, JsonObject payload, VmSpec? current, PayloadReport report)
    {
        var known = new JsonObject();
        foreach (var (name, value) in payload)
        {
            if (Accept(brand, action, name, value, report) is not { } row)
            {
                continue;
            }
            if (PropertyValue.IsUnset(value))
            {
                if (action == PropertyOps.Update)
                {
                    if (row.Status == PropertyStatus.AcceptedNotYet && current?.Properties[name] is { } has && !Same(has, PropertyValue.Default(row)))
                    {
                        NotYet(row, report);
                    }
                    known[name] = null;
                }
                continue;
            }
            if (!PropertyValue.TryNormalise(row, value!, out var normal, out string reason))
            {
                report.AddBadValue(name, reason);
                continue;
            }
            if (row.Status == PropertyStatus.AcceptedNotYet && !IsBaseline(row, normal!, payload, current))
            {
                NotYet(row, report);
                continue;
            }
            if (row.Type == PropertyType.Objects)
            {
                normal = CheckObjects(brand, name, (JsonArray)normal!, report);
            }
            known[name] = normal;
        }
        if (action == PropertyOps.Create)
        {
            foreach (var row in PropertyTable.Rows)
            {
                if ((row.Required & brand) != 0 && PropertyValue.IsUnset(payload[row.Name])
                    && !(row.Name == "image_uuid" && !PropertyValue.IsUnset(payload["dataset_uuid"]))
                    && row.Name != "brand"
                    && !(row.Name == "kernel_version" && payload["docker"] is JsonValue docker && docker.TryGetValue(out bool isDocker) && isDocker))
                {
                    report.AddMissing(row.Name);
                    if (row.Name == "image_uuid")
                    {
                        report.AddFault($"image_uuid names the image a VM of brand {NameOf(brand)} is cloned from (\"imgadm list\" shows them)");
                    }
                }
            }
        }
        return known;
    }

    /// <summary>The row of a name that may be given here; null (and reported) otherwise.</summary>
    private static Property? Accept(Brands brand, PropertyOps action, string name, JsonNode? value, PayloadReport report)
    {
        var row = PropertyTable.Find(name);
        if (action == PropertyOps.Update && ArrayOf(name) is { } array)
        {
            report.RefuseProperty(name, $"cannot be given at update: use add_{array}, update_{array}, remove_{array}");
        }
        else if (row is null || name.Contains('*') || PropertyTable.LoadTimeFields.Contains(name))
        {
            report.AddBadProperty(name, row is null ? "is not a property vmadm knows" + HintOfKey(name, action) : "cannot be given");
        }
        else if ((row.Brands & brand) == 0)
        {
            report.AddBadProperty(name, $"is not a property of brand {NameOf(brand)}");
        }
        else if ((row.Ops & action) == 0)
        {
            report.AddBadProperty(name, $"cannot be given at {(action == PropertyOps.Create ? "create" : "update")}"
                + Hint(row, action));
        }
        else
        {
            return row;
        }
        return null;
    }

    private static string Hint(Property row, PropertyOps action) => action == PropertyOps.Update
        ? row.Type == PropertyType.Map ? $" (use set_{row.Name}, remove_{row.Name})" : ""
        : row.Ops == PropertyOps.Update && row.Name.Split('_', 2) is ["set" or "add", var whole] ? $" (give {whole})" : "";

    /// <summary><c>tags.role</c> is a column and a filter, but nothing that can be given.</summary>
    private static string HintOfKey(string name, PropertyOps action) =>
        name.IndexOf('.') is var dot and > 0 && PropertyTable.Find(name[..dot]) is { Type: PropertyType.Map } map
            ? action == PropertyOps.Update ? $" (a key is set by set_{map.Name})" : $" (keys are given in the object {map.Name})"
            : "";

    /// <summary><c>nics</c> of <c>nics</c> and <c>nics.0.ip</c>: SmartOS takes either at update and changes nothing.</summary>
    private static string? ArrayOf(string name)
    {
        string[] parts = name.Split('.');
        return parts[0] is "nics" or "disks" or "filesystems" or "pci_devices" && (parts.Length == 1 || parts[1].All(c => char.IsAsciiDigit(c) || c == '*'))
            ? parts[0]
            : null;
    }

    private static JsonArray CheckObjects(Brands brand, string name, JsonArray array, PayloadReport report)
    {
        var (action, group) = name switch
        {
            _ when name.StartsWith("add_", StringComparison.Ordinal) => (PropertyOps.Add, name[4..]),
            _ when name.StartsWith("update_", StringComparison.Ordinal) => (PropertyOps.Update, name[7..]),
            _ => (PropertyOps.Add, name),
        };
        var result = new JsonArray();
        foreach (var item in array.OfType<JsonObject>())
        {
            var known = new JsonObject();
            foreach (var (leaf, value) in item)
            {
                string full = $"{group}.*.{leaf}";
                var row = PropertyTable.Find(full);
                if (row is null || (row.Brands & brand) == 0 || (row.Ops & action) == 0)
                {
                    report.AddBadProperty(full, row is null
                        ? "is not a property vmadm knows" : $"cannot be given here for brand {NameOf(brand)}");
                }
                else if (PropertyValue.IsUnset(value))
                {
                    known[leaf] = null;
                }
                else if (full == "filesystems.*.options" && value is not JsonArray)
                {
                    report.AddBadValue(full, $"is an array of texts, such as [\"ro\"], not {value!.ToJsonString()}");
                }
                else if (!PropertyValue.TryNormalise(row, value!, out var normal, out string reason))
                {
                    report.AddBadValue(full, reason);
                }
                else if (row.Status == PropertyStatus.AcceptedNotYet && !Same(normal, PropertyValue.Default(row)))
                {
                    NotYet(row, report);
                }
                else
                {
                    known[leaf] = normal;
                }
            }
            result.Add((JsonNode)known);
        }
        return result;
    }

    /// <summary>The value is what the VM has anyway, or would get.</summary>
    private static bool IsBaseline(Property row, JsonNode value, JsonObject payload, VmSpec? current)
    {
        if (current is not null && Same(value, current.Properties[row.Name]))
        {
            return true;
        }
        if (row.Default == PropertyTable.SameAsMemory)
        {
            foreach (string source in (string[])["max_physical_memory", "ram"])
            {
                if (PropertyValue.TryInteger(payload[source], out long memory)
                    || PropertyValue.TryInteger(current?.Properties[source], out memory))
                {
                    return Same(value, JsonValue.Create(memory));
                }
            }
            return Same(value, JsonValue.Create(Normaliser.DefaultMemory));
        }
        return Same(value, PropertyValue.Default(row));
    }

    private static bool Same(JsonNode? a, JsonNode? b) => JsonNode.DeepEquals(a, b)
        || (PropertyValue.TryInteger(a, out long x) && PropertyValue.TryInteger(b, out long y) && x == y);

    private static void NotYet(Property row, PayloadReport report) =>
        report.AddFault($"{row.Name} is not acted on yet"
            + (PropertyValue.Default(row) is { } normal ? $": leave it out, or give its default ({JsonText.Plain(normal)})" : ": leave it out"));

    private static string NameOf(Brands brand) =>
        BrandTable.Names.FirstOrDefault(n => BrandTable.TryParse(n, out var b) && b == brand) ?? brand.ToString();
}
