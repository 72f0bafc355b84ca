using Lumos.Core;
using Lumos.Services.Manifest;
using Lumos.Services.Methods;
using Lumos.Services.Repository;
using static Lumos.Services.Tests.Manifests;

namespace Lumos.Services.Tests;

public sealed class RepositoryTests
{
    private string? _saved;

    private const string Config =
        "<property_group name='config' type='application'><propval name='port' type='count' value='80'/></property_group>";

    [Fact]
    public void Changes_lie_above_manifests_and_survive()
    {
        var repository = Open();
        repository.AddManifest("a.xml", Service("site/a", Config));
        repository.SetEnabled(F("site/a"), false);
        repository.SetProperty(new Fmri("site/a", null), "config", "port", null, ["81"]);

        var again = Open();
        again.AddManifest("a.xml", Service("site/a", Config));
        var definition = again.Compose(F("site/a"))!;
        Assert.False(definition.Enabled);
        Assert.Equal("81", definition.Properties.Value("config", "port"));
        Assert.Equal("count", definition.Properties["config"]!.Properties["port"].Type);

        again.DeleteProperty(new Fmri("site/a", null), "config", "port");
        Assert.Equal("80", again.Compose(F("site/a"))!.Properties.Value("config", "port"));
    }

    [Fact]
    public void An_imported_manifest_is_kept_and_hides_the_platforms()
    {
        var repository = Open();
        repository.AddManifest("platform.xml", Service("site/a", Config));
        Assert.Equal(["site/a"], repository.Import("/opt/a.xml", Service("site/a", Config.Replace("80", "90"))));
        var again = Open();
        again.AddManifest("platform.xml", Service("site/a", Config));
        Assert.Equal("90", again.Compose(F("site/a"))!.Properties.Value("config", "port"));
        Assert.Equal("/opt/a.xml", again.Compose(F("site/a"))!.Source);
    }

    [Fact]
    public void A_deleted_service_comes_back_only_by_import()
    {
        var repository = Open();
        repository.AddManifest("a.xml", Service("site/a"));
        repository.Delete(new Fmri("site/a", null));
        Assert.Empty(repository.Compose());
        var again = Open();
        again.AddManifest("a.xml", Service("site/a"));
        Assert.Empty(again.Compose());
        again.Import("a.xml", Service("site/a"));
        Assert.Single(again.Compose());
    }

    [Fact]
    public void What_a_service_could_not_run_by_is_refused_and_not_saved()
    {
        var repository = Open();
        repository.AddManifest("a.xml", Service("site/a", Config));
        Assert.Equal("InvalidProperty", Assert.Throws<LumosException>(
            () => repository.SetProperty(F("site/a"), "startd", "duration", null, ["sometimes"])).Code);
        Assert.Equal("InvalidProperty", Assert.Throws<LumosException>(
            () => repository.SetProperty(F("site/a"), "config", "port", null, ["eighty"])).Code);
        Assert.Equal("NotFound", Assert.Throws<LumosException>(() => repository.SetEnabled(F("site/b"), true)).Code);
        Assert.Null(_saved);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"format\": 2}")]
    [InlineData("{\"format\": 1}")]
    public void A_damaged_file_is_said_so(string content) =>
        Assert.Equal("RepositoryDamaged", Assert.Throws<LumosException>(() => new ServiceRepository(content)).Code);

    [Fact]
    public void An_exported_manifest_reads_as_the_same_service()
    {
        const string body = """
            <dependency name="net" grouping="require_any" restart_on="error" type="service"><service_fmri value="svc:/b"/><service_fmri value="svc:/c:x"/></dependency>
            <dependency name="file" grouping="require_all" restart_on="none" type="path"><service_fmri value="file://localhost/etc/x"/></dependency>
            <dependent name="mu" grouping="optional_all" restart_on="none"><service_fmri value="svc:/milestone/multi-user"/></dependent>
            <method_context working_directory="/x"><method_credential user="www"/><method_environment><envvar name="A" value="&lt;'&quot;&amp;&gt;"/></method_environment></method_context>
            <property_group name="config" type="application"><propval name="port" type="count" value="80"/><property name="h" type="astring"><astring_list><value_node value="a b"/><value_node value="c"/></astring_list></property></property_group>
            <template><common_name><loctext xml:lang="C">A &amp; B</loctext></common_name><documentation><manpage title="x" section="8"/></documentation></template>
            """;
        var first = Assert.Single(ManifestReader.Read("a.xml", Service("site/a", body)));
        string text = ManifestWriter.Write(first.Name, first.Properties, first.Instances);
        var second = Assert.Single(ManifestReader.Read("b.xml", text));
        Assert.Equal(BagJson.Write(first.Properties).ToJsonString(), BagJson.Write(second.Properties).ToJsonString());
        Assert.Equal(
            first.Instances.Select(i => (i.Key, BagJson.Write(i.Value).ToJsonString())),
            second.Instances.Select(i => (i.Key, BagJson.Write(i.Value).ToJsonString())));
    }

    [Theory]
    [InlineData("/x %m %i %s", "/x start default site/a")]
    [InlineData("%r %f 100%%", "svc.startd svc:/site/a:default 100%")]
    [InlineData("-p %{config/port}", "-p 80")]
    [InlineData("[%{config/none}]", "[]")]
    [InlineData("%{config/hosts} %{config/hosts:,}", "a\\;b c a\\;b,c")]
    public void Method_tokens_expand(string command, string expected)
    {
        string body = """
            <property_group name="config" type="application"><propval name="port" type="count" value="80"/>
            <property name="hosts" type="astring"><astring_list><value_node value="a;b"/><value_node value="c"/></astring_list></property></property_group>
            """;
        Assert.Equal(expected, MethodTokens.Expand(command, Define("site/a", body), "start"));
    }

    [Theory]
    [InlineData("/x %q")]
    [InlineData("/x %{a/b")]
    [InlineData("/x %")]
    public void A_bad_token_is_named(string command) => Assert.Equal(
        "InvalidMethod", Assert.Throws<LumosException>(() => MethodTokens.Expand(command, Define("site/a"), "start")).Code);

    [Theory]
    [InlineData(":kill", 15)]
    [InlineData(":kill -HUP", 1)]
    [InlineData(":kill -9", 9)]
    [InlineData(":kill -SIGUSR1", 10)]
    [InlineData(":true", null)]
    [InlineData("/bin/kill", null)]
    public void Kill_methods_name_their_signal(string exec, int? signal) => Assert.Equal(signal, BuiltInMethod.KillSignal(exec));

    [Theory]
    [InlineData("root=x quiet", "all")]
    [InlineData("milestone=none", "none")]
    [InlineData("a milestone=single-user b", "svc:/milestone/single-user:default")]
    [InlineData("milestone=milestone/multi-user:default", "svc:/milestone/multi-user:default")]
    [InlineData("single", "svc:/milestone/single-user:default")]
    public void Boot_arguments_name_the_milestone(string arguments, string milestone) =>
        Assert.Equal(milestone, Daemon.BootArguments.ParseMilestone(arguments));

    private ServiceRepository Open() => new(_saved, text => _saved = text);
}
