using Lumos.Vm.Metadata;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests.Metadata;

/// <summary>Clients that mean harm, in one zone; in the other a client that has to notice nothing of them.</summary>
public sealed class HostileClientTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TestMachine _machine = new();
    private readonly RunningAgent _agent;
    private readonly string _hostile, _neighbour;

    public HostileClientTests()
    {
        const string Value = """, "customer_metadata": {"k": "v"}""";
        (_hostile, _neighbour) = (_machine.Create(Value), _machine.Create(Value));
        _agent = new RunningAgent(_machine);
    }

    public void Dispose()
    {
        _agent.Dispose();
        _machine.Dispose();
    }

    [Fact]
    public void A_line_without_an_end_loses_its_connection()
    {
        using var client = Connect(_hostile);
        byte[] flood = new byte[MetadataLimits.LongestLine + (64 << 10)];
        flood.AsSpan().Fill((byte)'x');
        try
        {
            client.Socket.Send(flood);
        }
        catch (System.Net.Sockets.SocketException)
        {
            // It was closed before it had all of it.
        }
        Assert.True(client.IsClosed(Patience));
        NeighbourIsServed();
    }

    [Fact]
    public void More_connections_than_allowed_push_out_the_silent_ones()
    {
        var clients = Enumerable.Range(0, MetadataLimits.Connections + 4).Select(_ => Connect(_hostile)).ToList();
        Assert.Equal("V2_OK\n", clients[^1].Ask("NEGOTIATE V2\n", 1));
        Wait.Until(() => clients.Count(c => c.IsClosed(TimeSpan.FromMilliseconds(60))) >= 4);
        NeighbourIsServed();
        clients.ForEach(c => c.Dispose());
    }

    [Fact]
    public void A_flood_is_slowed_down_and_served_in_the_end()
    {
        using var client = Connect(_hostile);
        const int Questions = MetadataLimits.MostTokens + 300;
        var flood = Task.Run(() => client.Send(string.Concat(Enumerable.Repeat("GET k\n", Questions))));
        NeighbourIsServed();
        Assert.Equal(Questions * 3, client.Skip(Questions * 3));
        Assert.True(flood.IsCompleted);
    }

    [Fact]
    public void Who_does_not_read_is_not_read_from_and_harms_nobody()
    {
        string large = new('x', 600_000);
        Assert.Equal(0, _machine.Vmadm($$"""{"set_customer_metadata": {"large": "{{large}}"} }""", "update", _hostile).Status);
        using var client = Connect(_hostile);
        client.Send(string.Concat(Enumerable.Repeat("GET large\n", 50)));
        NeighbourIsServed();
        using var other = Connect(_hostile);
        Assert.Equal("SUCCESS\nv\n.\n", other.Ask("GET k\n", 3));
        // Once it reads, it gets all that it asked for.
        Assert.Equal(50 * 3, client.Skip(50 * 3));
    }

    [Fact]
    public void Half_open_and_cut_connections_leave_nothing_behind()
    {
        for (int i = 0; i < 50; i++)
        {
            using var client = Connect(_hostile);
            try
            {
                client.Send(i % 2 == 0 ? "GET k\n" : "V2 25 8cf8e");
                client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            }
            catch (System.Net.Sockets.SocketException)
            {
                // It had to make room for one that came after it.
            }
        }
        NeighbourIsServed();
        using var half = Connect(_hostile);
        half.Send("GET k\n");
        half.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.Equal("SUCCESS\nv\n.\n", half.Ask("", 3));
        Assert.True(half.IsClosed(Patience));
        NeighbourIsServed();
    }

    [Fact]
    public void Random_bytes_end_in_an_answer_or_a_closed_connection_and_the_agent_lives()
    {
        var random = new Random(7);
        byte[] bytes = new byte[3000];
        for (int i = 0; i < 30; i++)
        {
            random.NextBytes(bytes);
            using var client = Connect(_hostile);
            client.Socket.Send(bytes);
            client.Send("\n\n");
        }
        NeighbourIsServed();
        using var after = Connect(_hostile);
        Assert.Equal("SUCCESS\nv\n.\n", after.Ask("GET k\n", 3));
    }

    private void NeighbourIsServed()
    {
        using var neighbour = Connect(_neighbour);
        Assert.Equal("SUCCESS\nv\n.\n", neighbour.Ask("GET k\n", 3));
    }

    private RawClient Connect(string uuid) => new(Path.Combine(_machine.Layout.ControlFolder(ZoneName.Parse(uuid)), "metadata.sock"));
}
