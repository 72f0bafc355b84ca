using Lumos.Core.Boot;
using Lumos.Network.Actions;
using Lumos.Network.Model;
using Xunit;

namespace Lumos.Network.Tests;

public sealed class LeaseTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-lease-").FullName;
    private readonly FakeNetwork _network = new();

    private NetworkPaths Paths => new()
    {
        Config = Path.Combine(_folder, "config"), RamConfig = Path.Combine(_folder, "ram"), State = Path.Combine(_folder, "state"), Etc = _folder,
    };

    [Fact]
    public void A_lease_is_applied_renewed_with_another_address_and_taken_back()
    {
        _network.MakeBridge("admin", null);
        var spec = NetworkConfigTests.Read($"admin_nic={NetworkConfigTests.Mac1}\nadmin_ip=dhcp\nhostname=node\n");
        Turn("bound", spec, "10.0.2.15", "10.0.2.2");
        Assert.Equal(["10.0.2.15/24"], Addresses());
        Assert.Equal("10.0.2.2", _network.DefaultRoutes["admin"]);
        Assert.Equal("search example.org\nnameserver 10.0.2.3\n", File.ReadAllText(Path.Combine(_folder, "resolv.conf")));
        Assert.Contains("10.0.2.15\tnode.example.org node", File.ReadAllText(Path.Combine(_folder, "hosts")), StringComparison.Ordinal);

        Turn("renew", spec, "10.0.2.77", "10.0.2.2");
        Assert.Equal(["10.0.2.77/24"], Addresses());

        Turn("deconfig", spec, null, null);
        Assert.Empty(Addresses());
        Assert.Empty(_network.DefaultRoutes);
        Assert.Equal("", File.ReadAllText(Path.Combine(_folder, "resolv.conf")));
    }

    [Fact]
    public void Static_gateway_and_resolvers_go_before_the_leases()
    {
        _network.MakeBridge("admin", null);
        var spec = NetworkConfigTests.Read($"admin_nic={NetworkConfigTests.Mac1}\nadmin_ip=dhcp\nadmin_gateway=10.0.2.9\ndns_resolvers=1.1.1.1\n");
        Turn("bound", spec, "10.0.2.15", "10.0.2.2");
        Assert.Equal("10.0.2.9", _network.DefaultRoutes["admin"]);
        Assert.Contains("nameserver 1.1.1.1\n", File.ReadAllText(Path.Combine(_folder, "resolv.conf")), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("level", "host")] // sets the host name, to what it is
    public void With_nothing_configured_the_first_nic_with_a_cable_asks_for_a_lease()
    {
        var dhcp = new NoLeases();
        var said = new List<string>();
        string now = Lumos.Linux.Machine.Kernel.Name().Host;
        int status = new PhysicalNetwork(_network, dhcp, Paths, said.Add, said.Add)
            .Start(NetworkConfigReader.Read(Core.Configuration.ShellConfig.Empty), BootArguments.Parse($"hostname={now}"));
        Assert.Equal(0, status);
        Assert.Equal(["admin"], dhcp.Started);
        Assert.Equal("admin", _network.Links().First(l => l.Name == "eth0").Master);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IEnumerable<string> Addresses() => _network.Links().First(l => l.Name == "admin").Addresses.Select(a => a.ToString());

    private void Turn(string turn, NetworkSpec spec, string? ip, string? router)
    {
        var variables = new Dictionary<string, string?>
        {
            ["interface"] = "admin", ["ip"] = ip, ["mask"] = "24", ["router"] = router, ["dns"] = "10.0.2.3", ["domain"] = "example.org",
        };
        new DhcpEvents(_network, Paths, new NameFiles(Paths), _ => { }).Handle(turn, variables.GetValueOrDefault, spec);
    }
}
