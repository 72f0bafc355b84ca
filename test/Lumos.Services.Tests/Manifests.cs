using Lumos.Core;
using Lumos.Services.Manifest;
using Lumos.Services.Model;

namespace Lumos.Services.Tests;

/// <summary>Short manifests for tests.</summary>
internal static class Manifests
{
    internal static string Service(string name, string body = "", bool enabled = true, string? methods = null) => $"""
        <?xml version="1.0"?>
        <!DOCTYPE service_bundle SYSTEM "/usr/share/lib/xml/dtd/service_bundle.dtd.1">
        <service_bundle type="manifest" name="{name}">
        <service name="{name}" type="service" version="1">
        <create_default_instance enabled="{(enabled ? "true" : "false")}"/>
        <single_instance/>
        {body}
        {methods ?? """
            <exec_method type="method" name="start" exec="/start %m" timeout_seconds="60"/>
            <exec_method type="method" name="stop" exec=":kill" timeout_seconds="60"/>
            """}
        </service>
        </service_bundle>
        """;

    internal static string Require(string target, string grouping = "require_all", string restartOn = "restart", string? name = null) => $"""
        <dependency name="{name ?? "on-" + target.Replace('/', '-').Replace(':', '-')}" grouping="{grouping}" restart_on="{restartOn}" type="service">
        <service_fmri value="svc:/{target}"/>
        </dependency>
        """;

    internal static InstanceDefinition Define(string name, string body = "", bool enabled = true, string? methods = null)
    {
        var service = Assert.Single(ManifestReader.Read(name + ".xml", Service(name, body, enabled, methods)));
        var fmri = new Fmri(name, "default");
        return InstanceDefinition.From(fmri, service.Source, service.Instances["default"].Over(service.Properties));
    }

    internal static Fmri F(string service) => new(service, "default");
}
