using System.Net;
using Lumos.Cli;
using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Network.Actions;
using Lumos.Network.Applets;
using Lumos.Network.Model;
using Xunit;

namespace Lumos.Network.Tests;

public sealed class NictagadmTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-network-").FullName;
    private readonly FakeNetwork _network = new();

    public NictagadmTests()
    {
        File.WriteAllText(Config, $"# kept\nadmin_nic={NetworkConfigTests.Mac1}\nadmin_ip=10.0.2.15\nadmin_netmask=255.255.255.0\n");
        Directory.CreateDirectory(Path.Combine(_folder, "zones"));
        new NetworkApplier(_network, new NoLeases(), _ => { }).Apply(NetworkPlan.Make(Store.ReadSpec(), _network.Links()));
    }

    private string Config => Path.Combine(_folder, "config");

    private NetworkPaths Paths => new() { Config = Config, RamConfig = Path.Combine(_folder, "ram"), Zones = Path.Combine(_folder, "zones") };

    private ConfigStore Store => new(Paths, () => BootArguments.Parse(""));

    [Fact]
    public void Lists_for_people_and_for_scripts()
    {
        Assert.Equal((0, ""), Run("add", "-l", "stub0"));
        Assert.Equal("""
            NAME            MACADDRESS         LINK            TYPE
            admin           52:54:00:00:00:01  eth0            normal
            stub0           -                  -               etherstub

            """.ReplaceLineEndings("\n"), Output("list"));
        Assert.Equal("admin:52\\:54\\:00\\:00\\:00\\:01:eth0:normal\nstub0:-:-:etherstub\n", Output("list", "-p"));
        Assert.Equal("stub0|-|-|etherstub\n", Output("list", "-l", "-p", "-d", "|"));
        Assert.DoesNotContain("stub0", Output("list", "-L"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tag_is_added_live_and_written_with_comments_kept()
    {
        Run("add", "-p", "mtu=9000", "external", NetworkConfigTests.Mac2);
        Assert.Equal("external", _network.Links().First(l => l.Name == "eth1").Master);
        string text = File.ReadAllText(Config);
        Assert.StartsWith("# kept\n", text, StringComparison.Ordinal);
        Assert.Contains($"external_nic={NetworkConfigTests.Mac2}\nexternal_mtu=9000\n", text, StringComparison.Ordinal);
        Assert.Equal(0, Run("exists", "external", "admin").Status);
    }

    [Fact]
    public void A_tag_in_use_is_not_deleted_unless_forced()
    {
        Run("add", "-l", "stub0");
        string vm = "11111111-2222-3333-4444-555555555555";
        File.WriteAllText(Path.Combine(_folder, "zones", vm + ".xml"), "<zone><network physical=\"net0\" global-nic=\"stub0\"/></zone>");
        Assert.Equal(vm + "\n", Output("vms", "stub0"));
        Assert.Equal("NicTagInUse", Fails("delete", "stub0"));
        Assert.Contains("stub0", File.ReadAllText(Config), StringComparison.Ordinal);
        Run("delete", "-f", "stub0");
        Assert.DoesNotContain("stub0", File.ReadAllText(Config), StringComparison.Ordinal);
        Assert.DoesNotContain(_network.Links(), l => l.Name == "stub0");
        Assert.Equal("NicTagInUse", Fails("delete", "admin"));
    }

    [Theory]
    [InlineData("Usage", "add", "a.b", NetworkConfigTests.Mac2)]
    [InlineData("Usage", "add", "-l", "stub")]
    [InlineData("Usage", "add", "external")]
    [InlineData("Usage", "add", "external", "aggr0")]
    [InlineData("Usage", "add", "-p", "mtu=100", "external", NetworkConfigTests.Mac2)]
    [InlineData("Usage", "list", "-l", "-L")]
    [InlineData("Usage", "frobnicate")]
    [InlineData("NicTagExists", "add", "admin", NetworkConfigTests.Mac2)]
    [InlineData("NicInUse", "add", "external", NetworkConfigTests.Mac1)]
    [InlineData("NicNotFound", "add", "external", "52:54:00:00:00:99")]
    [InlineData("NicTagNotFound", "delete", "external")]
    [InlineData("NicTagNotFound", "vms", "external")]
    public void What_is_wrong_is_refused_and_nothing_written(string code, params string[] words)
    {
        string before = File.ReadAllText(Config);
        Assert.Equal(code, Fails(words));
        Assert.Equal(before, File.ReadAllText(Config));
    }

    [Fact]
    public void Exists_tells_by_status_and_names_what_is_missing_with_l()
    {
        Assert.Equal((1, ""), Run("exists", "nope"));
        Assert.Equal((1, "nope\n"), Run("exists", "-l", "admin", "nope"));
    }

    [Fact]
    public void On_a_shared_host_tags_are_those_of_hosted_json_and_stand_there()
    {
        _network.MakeBridge("lumos0", null);
        var output = new StringWriter();
        Nictagadm Hosted(params string[] words) => new(
            new AppletContext { Name = "nictagadm", Args = words, Out = output, Error = TextWriter.Null }, _network, Store, Paths, HostedPlanTests.Config);

        Assert.Equal(0, Hosted("list", "-p").Run());
        Assert.Equal("admin:-:lumos0:normal\n", output.ToString());
        Assert.Equal(1, Hosted("exists", "stub0").Run());
        var state = Assert.Single(new NicTags(_network, Store, Paths, HostedPlanTests.Config).List());
        Assert.Equal((true, 1500), (state.IsReady, state.Mtu));
        _network.DeleteLink("lumos0");
        Assert.False(Assert.Single(new NicTags(_network, Store, Paths, HostedPlanTests.Config).List()).IsReady);

        string before = File.ReadAllText(Config);
        foreach (string[] words in (string[][])[["add", "-l", "stub0"], ["delete", "admin"], ["update", "-p", "mtu=9000", "admin"]])
        {
            Assert.Contains("/usbkey/hosted.json", Assert.Throws<LumosException>(() => Hosted(words).Run()).Message, StringComparison.Ordinal);
        }
        Assert.Equal(before, File.ReadAllText(Config));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Output(params string[] words)
    {
        var output = new StringWriter();
        Assert.Equal(0, Command(words, output, new StringWriter()).Run());
        return output.ToString();
    }

    private (int Status, string Error) Run(params string[] words)
    {
        var error = new StringWriter();
        return (Command(words, new StringWriter(), error).Run(), error.ToString());
    }

    private string Fails(params string[] words) =>
        Assert.ThrowsAny<LumosException>(() => Command(words, new StringWriter(), new StringWriter()).Run()).Code;

    private Nictagadm Command(string[] words, TextWriter output, TextWriter error) =>
        new(new AppletContext { Name = "nictagadm", Args = words, Out = output, Error = error }, _network, Store, Paths);
}

/// <summary>Two NICs, and the rules a kernel keeps: names are unique, what is changed has to be there.</summary>
internal sealed class FakeNetwork : INetworkHost
{
    private readonly Dictionary<string, ObservedLink> _links = new()
    {
        ["eth0"] = new("eth0", MacAddress.Parse(NetworkConfigTests.Mac1), null, null, 1500, false, true, []),
        ["eth1"] = new("eth1", MacAddress.Parse(NetworkConfigTests.Mac2), null, null, 1500, false, false, []),
    };

    internal Dictionary<string, string> DefaultRoutes { get; } = [];

    public IReadOnlyList<ObservedLink> Links() => [.. _links.Values];

    public void MakeBridge(string name, MacAddress? mac) => _links.Add(name, new(name, mac, "bridge", null, 1500, false, false, []));

    public void DeleteLink(string name) => _links.Remove(name);

    public void SetMtu(string link, int mtu) => _links[link] = _links[link] with { Mtu = mtu };

    public void Join(string link, string bridge) => _links[link] = _links[link] with { Master = _links[bridge].Name };

    public void SetUp(string link) => _links[link] = _links[link] with { IsUp = true };

    public void SetAutoconf(string link, bool wanted) => _ = _links[link];

    public void AddAddress(string link, IpNet net) => _links[link] = _links[link] with { Addresses = [.. _links[link].Addresses, net] };

    public void DeleteAddress(string link, IpNet net) =>
        _links[link] = _links[link] with { Addresses = [.. _links[link].Addresses.Where(a => a != net)] };

    public void SetDefaultRoute(IPAddress gateway, string link) => DefaultRoutes[link] = gateway.ToString();

    public void DeleteDefaultRoute(IPAddress gateway, string link) => DefaultRoutes.Remove(link);
}

internal sealed class NoLeases : IDhcpClient
{
    internal List<string> Started { get; } = [];

    public void Start(string link) => Started.Add(link);

    public void Stop(string link) => Started.Remove(link);
}
