using System.Collections.Immutable;
using System.Security;
using System.Text;
using Lumos.Services.Model;

namespace Lumos.Services.Manifest;

/// <summary>Writes a service as a manifest (svccfg export); reading it gives the same properties.</summary>
public static class ManifestWriter
{
    public static string Write(string name, PropertyBag service, IReadOnlyDictionary<string, PropertyBag> instances)
    {
        var text = new StringBuilder();
        text.Append("<?xml version='1.0'?>\n<!DOCTYPE service_bundle SYSTEM '/usr/share/lib/xml/dtd/service_bundle.dtd.1'>\n");
        text.Append($"<service_bundle type='manifest' name='export'>\n  <service name='{E(name)}' type='service' version='0'>\n");
        WriteParts(text, "    ", service);
        foreach (var (instance, properties) in instances.OrderBy(i => i.Key, StringComparer.Ordinal))
        {
            text.Append($"    <instance name='{E(instance)}' enabled='{properties.Value("general", "enabled") ?? "false"}'>\n");
            WriteParts(text, "      ", new PropertyBag(properties.Groups.Remove("general")));
            text.Append("    </instance>\n");
        }
        WriteTemplate(text, service);
        return text.Append("  </service>\n</service_bundle>\n").ToString();
    }

    private static void WriteParts(StringBuilder text, string indent, PropertyBag bag)
    {
        var groups = bag.Groups.Where(g => g.Value.Type is not ("template" or "deleted")).ToList();
        foreach (var (name, group) in groups.Where(g => g.Value.Type is "dependency" or "dependent"))
        {
            string type = group.Type == "dependency" ? $" type='{E(group["type"] ?? "service")}'" : "";
            text.Append($"{indent}<{group.Type} name='{E(name)}' grouping='{E(group["grouping"]!)}' restart_on='{E(group["restart_on"]!)}'{type}>\n");
            foreach (string target in group.Properties.GetValueOrDefault("entities")?.Values ?? [])
            {
                text.Append($"{indent}  <service_fmri value='{E(target)}'/>\n");
            }
            text.Append($"{indent}</{group.Type}>\n");
        }
        if (bag["method_context"] is { } context)
        {
            WriteContext(text, indent, context);
        }
        foreach (var (name, group) in groups.Where(g => g.Value.Type == "method" && g.Value["exec"] is not null))
        {
            text.Append($"{indent}<exec_method name='{E(name)}' type='method' exec='{E(group["exec"]!)}' timeout_seconds='{E(group["timeout_seconds"] ?? "0")}'>\n");
            WriteContext(text, indent + "  ", group);
            text.Append($"{indent}</exec_method>\n");
        }
        foreach (var (name, group) in groups.Where(
            g => g.Value.Type is not ("dependency" or "dependent" or "method") && g.Key is not "method_context"))
        {
            text.Append($"{indent}<property_group name='{E(name)}' type='{E(group.Type)}'>\n");
            foreach (var (key, property) in group.Properties)
            {
                WriteProperty(text, indent + "  ", key, property);
            }
            text.Append($"{indent}</property_group>\n");
        }
    }

    private static void WriteContext(StringBuilder text, string indent, PropertyGroup group)
    {
        string[] credentials = ["user", "group", "supp_groups", "privileges", "limit_privileges"];
        bool any = credentials.Append("working_directory").Append("environment").Any(group.Properties.ContainsKey);
        if (!any)
        {
            return;
        }
        string directory = group["working_directory"] is { } d ? $" working_directory='{E(d)}'" : "";
        text.Append($"{indent}<method_context{directory}>\n");
        if (credentials.Any(group.Properties.ContainsKey))
        {
            text.Append($"{indent}  <method_credential");
            foreach (string name in credentials.Where(group.Properties.ContainsKey))
            {
                text.Append($" {name}='{E(group[name]!)}'");
            }
            text.Append("/>\n");
        }
        if (group.Properties.TryGetValue("environment", out var environment))
        {
            text.Append($"{indent}  <method_environment>\n");
            foreach (string[] pair in environment.Values.Select(v => v.Split('=', 2)))
            {
                text.Append($"{indent}    <envvar name='{E(pair[0])}' value='{E(pair[^1])}'/>\n");
            }
            text.Append($"{indent}  </method_environment>\n");
        }
        text.Append($"{indent}</method_context>\n");
    }

    private static void WriteProperty(StringBuilder text, string indent, string name, Property property)
    {
        if (property.Values.Length == 1)
        {
            text.Append($"{indent}<propval name='{E(name)}' type='{property.Type}' value='{E(property.Values[0])}'/>\n");
            return;
        }
        text.Append($"{indent}<property name='{E(name)}' type='{property.Type}'>\n{indent}  <{property.Type}_list>\n");
        foreach (string value in property.Values)
        {
            text.Append($"{indent}    <value_node value='{E(value)}'/>\n");
        }
        text.Append($"{indent}  </{property.Type}_list>\n{indent}</property>\n");
    }

    private static void WriteTemplate(StringBuilder text, PropertyBag bag)
    {
        if (bag.Value("tm_common_name", "C") is not { } name)
        {
            return;
        }
        text.Append($"    <template>\n      <common_name><loctext xml:lang='C'>{E(name)}</loctext></common_name>\n");
        var pages = bag.Groups.Where(g => g.Key.StartsWith("tm_man_", StringComparison.Ordinal)).Select(g => g.Value).ToList();
        if (pages.Count > 0)
        {
            text.Append("      <documentation>\n");
            foreach (var page in pages)
            {
                text.Append($"        <manpage title='{E(page["title"]!)}' section='{E(page["section"]!)}'/>\n");
            }
            text.Append("      </documentation>\n");
        }
        text.Append("    </template>\n");
    }

    private static string E(string text) => SecurityElement.Escape(text).Replace("\n", "&#10;").Replace("\t", "&#9;");
}
