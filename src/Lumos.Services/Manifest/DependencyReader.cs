using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Services.Model;

namespace Lumos.Services.Manifest;

/// <summary>Reads &lt;dependency&gt; (what this service needs) and &lt;dependent&gt; (who shall need this service).</summary>
internal static class DependencyReader
{
    internal static PropertyGroup ReadDependency(XmlElement element)
    {
        string grouping = element.OneOf("grouping", "require_all", "require_any", "optional_all", "exclude_all");
        string restartOn = element.OneOf("restart_on", "none", "error", "restart", "refresh");
        string type = element.OneOf("type", "service", "path");
        if (element.Optional("delete") == "true")
        {
            return Group("deleted", grouping, restartOn, type, []); // a group of another type takes the inherited one away
        }
        var targets = ImmutableArray.CreateBuilder<string>();
        foreach (var child in element.Children)
        {
            switch (child.Name)
            {
                case "service_fmri":
                    targets.Add(Target(child, type == "path"));
                    break;
                case "stability" or "propval" or "property":
                    break;
                default:
                    throw child.Error("no such element may stand in <dependency>");
            }
        }
        if (targets.Count == 0)
        {
            throw element.Error("it names no <service_fmri>");
        }
        return Group("dependency", grouping, restartOn, type, targets.ToImmutable());
    }

    internal static PropertyGroup ReadDependent(XmlElement element)
    {
        string grouping = element.OneOf("grouping", "require_all", "require_any", "optional_all", "exclude_all");
        string restartOn = element.OneOf("restart_on", "none", "error", "restart", "refresh");
        if (element.Optional("delete") == "true")
        {
            return Group("deleted", grouping, restartOn, "service", []);
        }
        var targets = element.Children.Where(c => c.Name == "service_fmri").Select(c => Target(c, onPath: false)).ToImmutableArray();
        return targets.Length == 1
            ? Group("dependent", grouping, restartOn, "service", targets)
            : throw element.Error("it names exactly one <service_fmri>");
    }

    private static string Target(XmlElement element, bool onPath)
    {
        string value = element.Required("value");
        bool valid = onPath
            ? value.StartsWith("file://localhost/", StringComparison.Ordinal) || value.StartsWith("file:///", StringComparison.Ordinal)
            : value.StartsWith("svc:/", StringComparison.Ordinal) && Fmri.TryParse(value, out _);
        return valid ? value : throw element.Error(onPath
            ? $"\"{value}\" is not a path, such as file://localhost/etc/passwd"
            : $"\"{value}\" is not a service or instance, such as svc:/network/ssh:default");
    }

    private static PropertyGroup Group(string kind, string grouping, string restartOn, string type, ImmutableArray<string> targets) =>
        PropertyGroup.Empty(kind)
            .With("grouping", Property.Of("astring", grouping))
            .With("restart_on", Property.Of("astring", restartOn))
            .With("type", Property.Of("astring", type))
            .With("entities", new Property("fmri", targets));
}
