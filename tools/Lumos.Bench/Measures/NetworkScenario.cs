using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Bench.Measures;

/// <summary>Two zones on a bridge: one TCP stream of iperf3, and round trips of small datagrams.</summary>
internal sealed class NetworkScenario : IScenario
{
    private const string Port = "7777";
    private const int WarmUpTrips = 100, Trips = 300;

    public string Name => "network";

    public IReadOnlyList<string> Measures => ["net-throughput", "net-latency"];

    public void Run(Course course) => course.TakeTurns(this, warmUps: 0, Math.Max(1, course.Sizes.FleetRounds), (peer, sampler) =>
    {
        string server = course.NewName(), client = course.NewName();
        peer.Create(server);
        peer.Create(client);
        string address = peer.Address(server);
        _ = peer.Address(client);
        if (course.Takes(peer, "net-latency"))
        {
            var trips = Meanwhile(() => peer.Exec(server, "bench-init", "echo", Port, (WarmUpTrips + Trips).ToString()),
                () => peer.Exec(client, "bench-init", "ping", address, Port, (WarmUpTrips + Trips).ToString()));
            foreach (string line in trips.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(WarmUpTrips))
            {
                sampler.Add("net-latency", double.Parse(line, CultureInfo.InvariantCulture));
            }
        }
        if (course.Takes(peer, "net-throughput"))
        {
            string report = Meanwhile(() => peer.Exec(server, "iperf3", "--server", "--one-off"), () => Retry(() =>
                peer.Exec(client, "iperf3", "--client", address, "--time", course.Sizes == Sizes.Quick ? "2" : "5", "--omit", "1", "--json")));
            double bits = (double?)JsonNode.Parse(report)?["end"]?["sum_received"]?["bits_per_second"]
                ?? throw new LumosException("Iperf3", "iperf3 reported no throughput");
            sampler.Add("net-throughput", bits / 1e9);
        }
        foreach (string zone in new[] { server, client })
        {
            peer.Stop(zone, force: true);
            peer.Delete(zone);
        }
    });

    /// <summary>Does the second while the first, which ends with it, answers.</summary>
    private static string Meanwhile(Action server, Func<string> client)
    {
        Exception? failure = null;
        var answers = new Thread(() =>
        {
            try
            {
                server();
            }
            catch (LumosException e)
            {
                failure = e;
            }
        });
        answers.Start();
        try
        {
            return client();
        }
        catch (LumosException e) when (failure is not null)
        {
            throw new LumosException("ServerFailed", $"{e.Message}; the other end failed", inner: failure);
        }
        finally
        {
            answers.Join(TimeSpan.FromSeconds(10));
        }
    }

    /// <summary>The server may not listen yet.</summary>
    private static string Retry(Func<string> client)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return client();
            }
            catch (LumosException) when (attempt < 20)
            {
                Thread.Sleep(100);
            }
        }
    }
}
