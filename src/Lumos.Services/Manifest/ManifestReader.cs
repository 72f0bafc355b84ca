using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Services.Model;

namespace Lumos.Services.Manifest;

/// <summary>
/// Reads manifests: the service_bundle format of SMF's DTD, turned into properties, as SMF itself keeps them. A dependency becomes
/// a group of type "dependency", a method one of type "method", and so on; <see cref="InstanceDefinition"/> is the typed view.
/// Read but without effect: stability, templates beyond the name and description, notification parameters, privileges,
/// projects and resource pools. What is not part of the format is an error that names file, line and element.
/// </summary>
public static class ManifestReader
{
    /// <summary>Reads and checks a manifest.</summary>
    /// <exception cref="LumosException">InvalidManifest: "FILE:LINE: &lt;ELEMENT&gt;: what is wrong".</exception>
    public static ImmutableArray<ServiceManifest> Read(string source, string text)
    {
        var bundle = XmlElement.Parse(source, text);
        if (bundle.Name != "service_bundle")
        {
            throw bundle.Error("a manifest starts with <service_bundle>");
        }
        if (bundle.OneOf("type", "manifest", "profile", "archive") != "manifest")
        {
            throw bundle.Error($"bundles of type {bundle.Required("type")} are not supported, only manifests");
        }
        var services = ImmutableArray.CreateBuilder<ServiceManifest>();
        foreach (var child in bundle.Children)
        {
            services.Add(child.Name == "service" ? ReadService(source, child) : throw Unknown(child, bundle));
        }
        return services.ToImmutable();
    }

    private static ServiceManifest ReadService(string source, XmlElement service)
    {
        string name = service.Required("name");
        if (!Fmri.TryParse("svc:/" + name, out var fmri) || fmri.Instance is not null)
        {
            throw service.Error($"\"{name}\" cannot be a service's name");
        }
        service.OneOf("type", "service", "milestone", "restarter");
        var bag = PropertyBag.Empty;
        var instances = ImmutableSortedDictionary.CreateBuilder<string, PropertyBag>(StringComparer.Ordinal);
        foreach (var child in service.Children)
        {
            switch (child.Name)
            {
                case "create_default_instance":
                    Add("default", Enabled(PropertyBag.Empty, child), child);
                    break;
                case "single_instance":
                    break; // a promise of the service's author; nothing here would make a second instance by itself
                case "instance":
                    var instance = Enabled(PropertyBag.Empty, child);
                    foreach (var part in child.Children)
                    {
                        instance = ReadPart(instance, part, child);
                    }
                    Add(child.Required("name"), instance, child);
                    break;
                default:
                    bag = ReadPart(bag, child, service);
                    break;
            }
        }
        var manifest = new ServiceManifest(name, source, bag, instances.ToImmutable());
        foreach (var (instanceName, properties) in manifest.Instances)
        {
            Check(service, InstanceDefinition.From(new Fmri(name, instanceName), source, properties.Over(bag)));
        }
        return manifest;

        void Add(string instanceName, PropertyBag properties, XmlElement at)
        {
            if (!Fmri.TryParse($"svc:/{name}:{instanceName}", out _))
            {
                throw at.Error($"\"{instanceName}\" cannot be an instance's name");
            }
            if (!instances.TryAdd(instanceName, properties))
            {
                throw at.Error($"instance \"{instanceName}\" is defined twice");
            }
        }
    }

    /// <summary>What can only be seen once service and instance are laid over one another.</summary>
    private static void Check(XmlElement service, InstanceDefinition definition)
    {
        if (definition.Methods.TryGetValue("stop", out var stop) && stop.Exec.StartsWith(":kill", StringComparison.Ordinal)
            && definition.Duration == Duration.Transient)
        {
            throw service.Error("the stop method of a transient service cannot be :kill, as it has no processes of its own");
        }
        foreach (string required in definition.Duration == Duration.Wait ? new[] { "start" } : ["start", "stop"])
        {
            if (!definition.Methods.ContainsKey(required))
            {
                throw service.Error($"{definition.Fmri} has no {required} method; one that does nothing is exec=':true'");
            }
        }
    }

    private static PropertyBag ReadPart(PropertyBag bag, XmlElement part, XmlElement parent) => part.Name switch
    {
        "dependency" => bag.With(Name(part), DependencyReader.ReadDependency(part)),
        "dependent" => bag.With(Name(part), DependencyReader.ReadDependent(part)),
        "exec_method" => bag.With(Name(part), MethodReader.Read(part)),
        "method_context" => bag.With("method_context", MethodReader.ReadContext(part, PropertyGroup.Empty("framework"))),
        "property_group" => PropertyReader.ReadGroup(bag, part),
        "template" => PropertyReader.ReadTemplate(bag, part),
        "restarter" => ReadRestarter(bag, part),
        "stability" or "notification_parameters" => bag,
        _ => throw Unknown(part, parent),
    };

    private static PropertyBag ReadRestarter(PropertyBag bag, XmlElement part)
    {
        string named = part.Children.Count == 1 && part.Children[0].Name == "service_fmri"
            ? part.Children[0].Required("value")
            : throw part.Error("it holds one <service_fmri>");
        return named.StartsWith("svc:/system/svc/restarter", StringComparison.Ordinal)
            ? bag
            : throw part.Error($"\"{named}\" is not a restarter here; the only one is svc:/system/svc/restarter:default");
    }

    private static PropertyBag Enabled(PropertyBag bag, XmlElement element) =>
        bag.With("general", "framework", "enabled", Property.Of("boolean", element.OneOf("enabled", "true", "false")));

    private static string Name(XmlElement part)
    {
        string name = part.Required("name");
        return FmriExtensions.IsPropertyName(name) ? name : throw part.Error($"\"{name}\" cannot be the name of a group");
    }

    private static LumosException Unknown(XmlElement element, XmlElement parent) =>
        element.Error($"no such element may stand in <{parent.Name}>");
}
