using Lumos.Zones.Config;

namespace Lumos.Zones.Configure;

/// <summary>A configuration as people read it (info) and as the commands that make it (export). Pure.</summary>
public static class ConfigText
{
    /// <summary>All of it.</summary>
    public static void Info(ZoneConfig zone, string? uuid, TextWriter output)
    {
        output.WriteLine($"zonename: {zone.Name}");
        foreach (var property in GlobalProperties.All.Where(p => !p.IsAlias))
        {
            InfoGlobal(property, zone, output);
        }
        output.WriteLine(uuid is null ? "uuid:" : $"uuid: {uuid}");
        foreach (var property in GlobalProperties.All.Where(p => p.IsAlias && p.Get(zone) is not null))
        {
            InfoGlobal(property, zone, output);
        }
        foreach (var type in ResourceTypes.All)
        {
            foreach (var draft in type.Read(zone))
            {
                InfoResource(type, draft, output);
            }
        }
        foreach (string other in Others(zone))
        {
            output.WriteLine("# kept, and unknown here: " + other);
        }
    }

    /// <summary>One global property; those that are resource controls stand in brackets.</summary>
    public static void InfoGlobal(GlobalProperty property, ZoneConfig zone, TextWriter output)
    {
        string? value = property.Get(zone);
        string text = value is null ? property.Clearable ? property.Name + ":" : $"{property.Name} not specified" : $"{property.Name}: {value}";
        output.WriteLine(property.IsAlias && value is not null ? $"[{text}]" : text);
    }

    public static void InfoResource(ResourceType type, ResourceDraft draft, TextWriter output)
    {
        output.WriteLine(type.Name + ":");
        foreach (var property in type.Properties)
        {
            if (draft[property.Name] is { } value)
            {
                string text = $"{property.Name}: {(value.Contains(' ') ? ConfigLexer.Quote(value) : value)}";
                output.WriteLine(type.IsAlias ? $"\t[{text}]" : "\t" + text);
            }
            else if (!type.IsAlias)
            {
                output.WriteLine($"\t{property.Name} not specified");
            }
        }
        if (type is { List: { } list, ListFields.IsEmpty: true })
        {
            output.WriteLine($"\t{list}: [{string.Join(',', draft.Items.Select(Value))}]");
        }
        else
        {
            foreach (var item in draft.Items)
            {
                output.WriteLine($"\t{type.List}: {Value(item)}");
            }
        }
    }

    /// <summary>The commands that make it again; what they cannot say stands in comments.</summary>
    public static void Export(ZoneConfig zone, string? uuid, TextWriter output)
    {
        output.WriteLine("create -b");
        foreach (var property in GlobalProperties.All.Where(p => !p.IsAlias))
        {
            if (property.Get(zone) is { } value)
            {
                output.WriteLine($"set {property.Name}={ConfigLexer.Quote(value)}");
            }
        }
        if (uuid is not null)
        {
            output.WriteLine("set uuid=" + uuid);
        }
        foreach (var type in ResourceTypes.All.Where(t => !t.IsAlias || (t.Name == "capped-memory" && zone.PhysicalCap is not null)))
        {
            foreach (var draft in type.Read(zone))
            {
                output.WriteLine("add " + type.Name);
                foreach (var property in type.Properties.Where(p => draft[p.Name] is not null))
                {
                    output.WriteLine($"set {property.Name}={ConfigLexer.Quote(draft[property.Name]!)}");
                }
                foreach (var item in draft.Items)
                {
                    output.WriteLine($"add {type.List} {Value(item)}");
                }
                output.WriteLine("end");
            }
        }
        foreach (string other in Others(zone))
        {
            output.WriteLine("# not to be said in commands: " + other);
        }
    }

    private static string Value(ConfigValue value) => value switch
    {
        ConfigValue.Simple simple => ConfigLexer.Quote(simple.Text),
        // As zonecfg writes it: the last of a name and its value is quoted always.
        ConfigValue.Complex { Pairs: [{ Key: "name" } name, { Key: "value" } text] } =>
            $"(name={ConfigLexer.Quote(name.Value)},value=\"{text.Value.Replace("\"", "\"\"", StringComparison.Ordinal)}\")",
        ConfigValue.Complex complex => $"({string.Join(',', complex.Pairs.Select(p => $"{p.Key}={ConfigLexer.Quote(p.Value)}"))})",
        _ => throw new InvalidOperationException("a list in a list"),
    };

    private static IEnumerable<string> Others(ZoneConfig zone) =>
    [
        .. zone.OtherAttributes.Where(a => !GlobalProperties.IsKeptAttribute(a.Key) && a.Key != "version").Select(a => $"attribute {a.Key}={a.Value}"),
        .. zone.OtherElements.Select(e => "element " + OneLine(e)),
    ];

    private static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
