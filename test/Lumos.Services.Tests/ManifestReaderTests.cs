using Lumos.Core;
using Lumos.Services.Manifest;
using Lumos.Services.Model;

namespace Lumos.Services.Tests;

public sealed class ManifestReaderTests
{
    private const string Full = """
        <?xml version="1.0"?>
        <!DOCTYPE service_bundle SYSTEM "/usr/share/lib/xml/dtd/service_bundle.dtd.1">
        <service_bundle type="manifest" name="x">
          <service name="site/web" type="service" version="1">
            <single_instance/>
            <dependency name="net" grouping="require_all" restart_on="error" type="service">
              <service_fmri value="svc:/milestone/network:default"/>
              <service_fmri value="svc:/site/db"/>
            </dependency>
            <dependency name="conf" grouping="require_any" restart_on="none" type="path">
              <service_fmri value="file://localhost/etc/web.conf"/>
            </dependency>
            <dependent name="web_mu" grouping="optional_all" restart_on="none">
              <service_fmri value="svc:/milestone/multi-user"/>
            </dependent>
            <method_context working_directory="/srv">
              <method_credential user="www" group="www" privileges="basic,net_privaddr"/>
              <method_environment><envvar name="A" value="1"/><envvar name="B" value="x=y"/></method_environment>
            </method_context>
            <exec_method type="method" name="start" exec="/srv/web -p %{config/port} %m" timeout_seconds="30"/>
            <exec_method type="method" name="stop" exec=":kill -INT" timeout_seconds="-1">
              <method_context working_directory="/"/>
            </exec_method>
            <exec_method type="method" name="refresh" exec=":true" timeout_seconds="18446744073709551615"/>
            <property_group name="startd" type="framework">
              <propval name="duration" type="astring" value="child"/>
              <propval name="ignore_error" type="astring" value="core,signal"/>
            </property_group>
            <property_group name="config" type="application">
              <propval name="port" type="count" value="80"/>
              <property name="hosts" type="astring"><astring_list><value_node value="a"/><value_node value="b"/></astring_list></property>
            </property_group>
            <instance name="blue" enabled="true">
              <property_group name="config" type="application"><propval name="port" type="count" value="81"/></property_group>
            </instance>
            <instance name="green" enabled="false"/>
            <stability value="Unstable"/>
            <template>
              <common_name><loctext xml:lang="C">a web
                 server</loctext></common_name>
              <documentation><manpage title="web" section="8" manpath=":default"/></documentation>
            </template>
          </service>
        </service_bundle>
        """;

    private static InstanceDefinition Instance(string name)
    {
        var service = Assert.Single(ManifestReader.Read("web.xml", Full));
        return InstanceDefinition.From(new Fmri("site/web", name), "web.xml", service.Instances[name].Over(service.Properties));
    }

    [Fact]
    public void Everything_is_read()
    {
        var blue = Instance("blue");
        Assert.True(blue.Enabled);
        Assert.False(Instance("green").Enabled);
        Assert.Equal(Duration.Wait, blue.Duration);
        Assert.Equal("a web server", blue.CommonName);
        Assert.Equal(TimeSpan.FromSeconds(1), blue.CriticalPeriod);

        var net = Assert.Single(blue.Dependencies, d => d.Name == "net");
        Assert.Equal((Grouping.RequireAll, RestartOn.Error, false), (net.Grouping, net.RestartOn, net.OnPaths));
        Assert.Equal(["svc:/milestone/network:default", "svc:/site/db"], net.Targets);
        Assert.True(Assert.Single(blue.Dependencies, d => d.Name == "conf").OnPaths);
        Assert.Equal("web_mu", Assert.Single(blue.Dependents).Name);

        var start = blue.Methods["start"];
        Assert.Equal(TimeSpan.FromSeconds(30), start.Timeout);
        Assert.Equal(("/srv", "www", "www"), (start.Context.WorkingDirectory, start.Context.User, start.Context.Group));
        Assert.Equal([new("A", "1"), new("B", "x=y")], start.Context.Environment);
        Assert.Null(blue.Methods["stop"].Timeout);
        Assert.Equal("/", blue.Methods["stop"].Context.WorkingDirectory);
        Assert.Null(blue.Methods["refresh"].Timeout);
        Assert.Equal(["a", "b"], blue.Properties["config"]!.Properties["hosts"].Values);
    }

    [Fact]
    public void The_instance_hides_the_service()
    {
        Assert.Equal("81", Instance("blue").Properties.Value("config", "port"));
        Assert.Equal("80", Instance("green").Properties.Value("config", "port"));
    }

    [Theory]
    [InlineData("<dependency name='a' grouping='some' restart_on='none' type='service'><service_fmri value='svc:/a'/></dependency>", "<dependency>: attribute \"grouping\" is \"some\"")]
    [InlineData("<dependency name='a' grouping='require_all' restart_on='none' type='service'/>", "<dependency>: it names no <service_fmri>")]
    [InlineData("<dependency name='a' grouping='require_all' restart_on='none' type='service'><service_fmri value='ssh'/></dependency>", "<service_fmri>: \"ssh\" is not a service")]
    [InlineData("<exec_method type='method' name='start' exec='/x'/>", "<exec_method>: attribute \"timeout_seconds\" is missing")]
    [InlineData("<exec_method type='method' name='start' exec='/x' timeout_seconds='soon'/>", "which is not a number")]
    [InlineData("<property_group name='a' type='b'><propval name='c' type='count' value='many'/></property_group>", "\"many\" is not a value of type count")]
    [InlineData("<wibble/>", "<wibble>: no such element may stand in <service>")]
    [InlineData("<instance name='default' enabled='true'/>", "defined twice")]
    [InlineData("<restarter><service_fmri value='svc:/network/inetd:default'/></restarter>", "is not a restarter here")]
    public void A_fault_names_file_line_and_element(string body, string complaint)
    {
        var error = Assert.Throws<LumosException>(() => ManifestReader.Read("bad.xml", Manifests.Service("site/a", body)));
        Assert.Equal("InvalidManifest", error.Code);
        Assert.StartsWith("bad.xml:7: ", error.Message);
        Assert.Contains(complaint, error.Message);
    }

    [Fact]
    public void A_transient_service_has_nothing_to_kill()
    {
        string body = "<property_group name='startd' type='framework'><propval name='duration' type='astring' value='transient'/></property_group>";
        var error = Assert.Throws<LumosException>(() => ManifestReader.Read("t.xml", Manifests.Service("site/t", body)));
        Assert.Contains("cannot be :kill", error.Message);
    }

    [Fact]
    public void Broken_xml_names_the_line()
    {
        var error = Assert.Throws<LumosException>(() => ManifestReader.Read("b.xml", "<service_bundle type='manifest' name='a'>\n<service"));
        Assert.StartsWith("b.xml:2", error.Message);
    }

    [Fact]
    public void No_external_entity_is_read()
    {
        string text = """
            <!DOCTYPE service_bundle [<!ENTITY secret SYSTEM "file:///etc/hostname">]>
            <service_bundle type="manifest" name="a"><service name="a" type="service" version="1">&secret;</service></service_bundle>
            """;
        Assert.Throws<LumosException>(() => ManifestReader.Read("e.xml", text));
    }
}
