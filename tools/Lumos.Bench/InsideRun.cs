using System.Text.Json;
using Lumos.Bench.Measures;
using Lumos.Bench.Peers;
using Lumos.Bench.Results;
using Lumos.Bench.Sandboxing;
using Lumos.Core;

namespace Lumos.Bench;

/// <summary>The run itself, within the sandbox: prepares the peers, takes the scenarios, writes the result.</summary>
public static class InsideRun
{
    /// <param name="requestFile">A <see cref="BenchRequest"/>.</param>
    public static int Run(string requestFile)
    {
        var request = JsonSerializer.Deserialize(File.ReadAllText(requestFile), BenchRequestJson.Default.BenchRequest)
            ?? throw new LumosException("NoRequest", $"{requestFile} holds no request for a bench");
        var host = HostReading.Now();
        Say("the sandbox is being furnished");
        var arena = Inside.Furnish(request);
        var ready = new List<IPeer>();
        var results = new List<PeerResult>();
        foreach (var peer in request.Peers.Select(PeerTable.Make))
        {
            Say($"{peer.Name} is being prepared");
            try
            {
                string version = peer.Prepare(arena);
                Probe(peer, arena);
                ready.Add(peer);
                results.Add(new PeerResult(peer.Name, version, peer.Note, null, peer.NotOffered));
            }
            catch (Exception e) when (e is LumosException or IOException or System.ComponentModel.Win32Exception)
            {
                Say($"{peer.Name} is left out: {LumosException.Describe(e)}");
                results.Add(new PeerResult(peer.Name, null, peer.Note, LumosException.Describe(e), peer.NotOffered));
            }
        }
        var recorder = new Recorder();
        var sizes = request.Quick ? Sizes.Quick : Sizes.Whole;
        sizes = sizes with { CrowdSnapshots = request.CrowdSnapshots ?? sizes.CrowdSnapshots };
        var course = new Course(arena, ready, sizes, request.Measures.ToHashSet(), recorder, Say);
        foreach (var scenario in MeasureTable.Scenarios.Where(scenario => scenario.Measures.Any(request.Measures.Contains)))
        {
            scenario.Run(course);
        }
        var result = new BenchResult("", request.Commit, request.Quick, host, sizes, results, recorder.Series(), recorder.Failures());
        File.WriteAllText(request.Result, result.ToJson());
        ready.ForEach(peer => peer.Dispose());
        return 0;
    }

    /// <summary>One zone from birth to death: a peer that cannot do that is left out before anything is measured.</summary>
    private static void Probe(IPeer peer, Arena arena)
    {
        const string Zone = "probe";
        long since = System.Diagnostics.Stopwatch.GetTimestamp();
        peer.Create(Zone);
        Arena.WaitForStart(peer.Root(Zone), since);
        peer.Exec(Zone, "true");
        peer.Stop(Zone, force: true);
        peer.Delete(Zone);
        arena.Commands.Run("sync");
    }

    private static void Say(string sentence)
    {
        if (Console.IsErrorRedirected)
        {
            Console.Error.WriteLine("bench: " + sentence);
        }
        else
        {
            Console.Error.Write("\r\x1b[Kbench: " + (sentence.Length > 110 ? sentence[..110] : sentence));
        }
    }
}
