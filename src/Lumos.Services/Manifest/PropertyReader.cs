using System.Collections.Immutable;
using Lumos.Services.Model;

namespace Lumos.Services.Manifest;

/// <summary>Reads &lt;property_group&gt; and, of a &lt;template&gt;, what is shown to people: name, description, manual page.</summary>
internal static class PropertyReader
{
    internal static PropertyBag ReadGroup(PropertyBag bag, XmlElement element)
    {
        string name = element.Required("name");
        if (!FmriExtensions.IsPropertyName(name))
        {
            throw element.Error($"\"{name}\" cannot be the name of a group");
        }
        var group = bag[name] ?? PropertyGroup.Empty(element.Optional("type") ?? "application");
        foreach (var child in element.Children)
        {
            group = child.Name switch
            {
                "propval" => ReadValue(group, child),
                "property" => ReadProperty(group, child),
                "stability" => group,
                _ => throw child.Error("no such element may stand in <property_group>"),
            };
        }
        return bag.With(name, group);
    }

    internal static PropertyGroup ReadValue(PropertyGroup group, XmlElement element) =>
        group.With(Name(element), Property.Of(Type(element), Checked(element, Type(element), element.Required("value"))));

    internal static PropertyGroup ReadProperty(PropertyGroup group, XmlElement element)
    {
        string type = Type(element);
        var values = ImmutableArray.CreateBuilder<string>();
        foreach (var list in element.Children.Where(c => c.Name != "stability"))
        {
            if (list.Name != type + "_list")
            {
                throw list.Error($"a property of type {type} holds <{type}_list>");
            }
            foreach (var node in list.Children)
            {
                values.Add(Checked(node, type, node.Name == "value_node"
                    ? node.Required("value")
                    : throw node.Error("no such element may stand in a list of values")));
            }
        }
        return group.With(Name(element), new Property(type, values.ToImmutable()));
    }

    internal static PropertyBag ReadTemplate(PropertyBag bag, XmlElement template)
    {
        foreach (var child in template.Children)
        {
            switch (child.Name)
            {
                case "common_name" or "description":
                    if (child.Children.FirstOrDefault(c => c.Name == "loctext") is { } text)
                    {
                        string words = string.Join(' ', text.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
                        bag = bag.With("tm_" + child.Name, "template", "C", Property.Of("ustring", words));
                    }
                    break;
                case "documentation":
                    foreach (var page in child.Children.Where(c => c.Name == "manpage"))
                    {
                        string name = $"tm_man_{page.Required("title").Replace('.', '_')}{page.Required("section")}";
                        bag = bag.With(name, PropertyGroup.Empty("template")
                            .With("title", Property.Of("astring", page.Required("title")))
                            .With("section", Property.Of("astring", page.Required("section"))));
                    }
                    break;
            }
        }
        return bag;
    }

    private static string Name(XmlElement element)
    {
        string name = element.Required("name");
        return FmriExtensions.IsPropertyName(name) ? name : throw element.Error($"\"{name}\" cannot be the name of a property");
    }

    private static string Type(XmlElement element)
    {
        string type = element.Optional("type") ?? "astring";
        return PropertyTypes.IsKnown(type) ? type : throw element.Error($"\"{type}\" is not a type of property");
    }

    private static string Checked(XmlElement element, string type, string value) =>
        PropertyTypes.IsValid(type, value) ? value : throw element.Error($"\"{value}\" is not a value of type {type}");
}
