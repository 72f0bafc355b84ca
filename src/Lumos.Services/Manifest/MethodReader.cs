using System.Collections.Immutable;
using System.Globalization;
using Lumos.Services.Model;

namespace Lumos.Services.Manifest;

/// <summary>Reads &lt;exec_method&gt; and &lt;method_context&gt;.</summary>
internal static class MethodReader
{
    internal static PropertyGroup Read(XmlElement element)
    {
        element.OneOf("type", "method", "monitor");
        string exec = element.Required("exec");
        if (string.IsNullOrWhiteSpace(exec))
        {
            throw element.Error("attribute \"exec\" is empty; a method that does nothing is ':true'");
        }
        string timeout = element.Required("timeout_seconds");
        // SMF reads it as an unsigned number, and manifests write "no limit" as 0, -1 or 2^64-1.
        if (!long.TryParse(timeout, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seconds))
        {
            seconds = ulong.TryParse(timeout, NumberStyles.None, CultureInfo.InvariantCulture, out _)
                ? 0
                : throw element.Error($"attribute \"timeout_seconds\" is \"{timeout}\", which is not a number of seconds");
        }
        var group = PropertyGroup.Empty(element.Optional("delete") == "true" ? "deleted" : "method")
            .With("exec", Property.Of("astring", exec))
            .With("timeout_seconds", Property.Of("count", Math.Max(0, seconds).ToString(CultureInfo.InvariantCulture)))
            .With("type", Property.Of("astring", "method"));
        foreach (var child in element.Children)
        {
            group = child.Name switch
            {
                "method_context" => ReadContext(child, group),
                "propval" => PropertyReader.ReadValue(group, child),
                "property" => PropertyReader.ReadProperty(group, child),
                "stability" => group,
                _ => throw child.Error("no such element may stand in <exec_method>"),
            };
        }
        return group;
    }

    internal static PropertyGroup ReadContext(XmlElement element, PropertyGroup group)
    {
        if (element.Optional("working_directory") is { } directory)
        {
            group = group.With("working_directory", Property.Of("astring", directory));
        }
        foreach (var child in element.Children)
        {
            switch (child.Name)
            {
                case "method_credential":
                    foreach (string name in new[] { "user", "group", "supp_groups", "privileges", "limit_privileges" })
                    {
                        if (child.Optional(name) is { } value)
                        {
                            group = group.With(name, Property.Of("astring", value));
                        }
                    }
                    break;
                case "method_environment":
                    var words = ImmutableArray.CreateBuilder<string>();
                    foreach (var variable in child.Children)
                    {
                        if (variable.Name != "envvar")
                        {
                            throw variable.Error("no such element may stand in <method_environment>");
                        }
                        words.Add($"{variable.Required("name")}={variable.Required("value")}");
                    }
                    group = group.With("environment", new Property("astring", words.ToImmutable()));
                    break;
                case "method_profile":
                    throw child.Error("rights profiles are not supported; name the user with <method_credential>");
                default:
                    throw child.Error("no such element may stand in <method_context>");
            }
        }
        return group;
    }
}
