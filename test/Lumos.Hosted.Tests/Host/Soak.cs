using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Drivers.Tools;

namespace Lumos.Hosted.Tests.Host;

/// <summary>
/// Many hands at once on one hosted global zone: each has a VM of its own and does to it whatever comes, knows what has to come
/// of it, now and then meddles with a neighbour's, and now and then is killed in the middle.
/// </summary>
internal sealed class Soak(HostedRoot root, int workers, TimeSpan duration, int seed)
{
    private const int MeddlingPercent = 5, KillPercent = 5;

    private readonly ConcurrentBag<(string Verb, double Seconds)> _done = [];
    private readonly ConcurrentQueue<string> _faults = new();
    private int _kills, _meddlings, _failed;

    internal IReadOnlyCollection<string> Faults => _faults;

    /// <summary>Works until the time is up, then deletes what there is.</summary>
    internal void Run()
    {
        var clock = Stopwatch.StartNew();
        var threads = Enumerable.Range(0, workers).Select(i => new Thread(() => Work(i, clock)) { IsBackground = true }).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        foreach (string uuid in root.Command("vmadm", "lookup").OrThrow().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var run = root.Command("vmadm", "delete", uuid);
            if (!run.Succeeded && run.ErrorOutput.Contains("No such zone", StringComparison.Ordinal) == false)
            {
                _faults.Enqueue($"delete at the end: {run.ErrorOutput.Trim()}");
            }
        }
    }

    /// <summary>How often what was done, and how long it took.</summary>
    internal string Summary()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{_done.Count} operations by {workers} at once in {duration.TotalSeconds:0} s, {_kills} clients killed, {_meddlings} meddlings, {_failed} first boots failed, {_faults.Count} faults\n");
        text.Append("operation          count      p50      p99      max\n");
        foreach (var group in _done.GroupBy(d => d.Verb).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            double[] times = [.. group.Select(g => g.Seconds).Order()];
            text.Append(CultureInfo.InvariantCulture, $"{group.Key,-16} {times.Length,7} {times[times.Length / 2],7:0.00}s {times[times.Length * 99 / 100],7:0.00}s {times[^1],7:0.00}s\n");
        }
        return text.ToString();
    }

    private static string Uuid(int i) => $"50a40000-0000-4000-8000-{i:x12}";

    private void Work(int i, Stopwatch clock)
    {
        var random = new Random(seed + i);
        var vm = new Known();
        while (clock.Elapsed < duration)
        {
            try
            {
                int dice = random.Next(100);
                if (dice < MeddlingPercent)
                {
                    Meddle(Uuid(random.Next(workers)), random);
                }
                else
                {
                    Step(i, vm, random, kill: dice < MeddlingPercent + KillPercent);
                }
            }
            catch (Exception e)
            {
                _faults.Enqueue($"VM {i}: {e.Message}");
            }
        }
    }

    private void Step(int i, Known vm, Random random, bool kill)
    {
        string uuid = Uuid(i);
        if (!vm.Exists)
        {
            bool boots = random.Next(3) > 0;
            var payload = new JsonObject { ["uuid"] = uuid, ["brand"] = "joyent", ["image_uuid"] = TestImages.Native, ["ram"] = 128, ["quota"] = 1, ["autoboot"] = boots };
            if (Do(vm, uuid, "create", payload.ToJsonString(), kill, random))
            {
                (vm.Exists, vm.Running, vm.Snapshots) = (true, boots, 0);
            }
            return;
        }
        switch (random.Next(11))
        {
            case 0 when Do(vm, uuid, "delete", null, kill, random):
                vm.Exists = false;
                break;
            case 1 or 2 when !vm.Running && Do(vm, uuid, "start", null, kill, random):
                vm.Running = true;
                break;
            case 3 when Do(vm, uuid, "stop", null, kill, random):
                vm.Running = false;
                break;
            case 4 when Do(vm, uuid, "stop", null, kill, random, "-F"):
                vm.Running = false;
                break;
            case 5 when vm.Running:
                Do(vm, uuid, "reboot", null, kill, random, "-F");
                break;
            case 6:
                Do(vm, uuid, "update", null, kill, random, $"alias=n{random.Next(1000)}", $"quota={1 + random.Next(5)}");
                break;
            case 7 when Do(vm, uuid, "create-snapshot", null, kill, random, $"s{vm.Snapshots}"):
                vm.Snapshots++;
                break;
            case 8 when vm.Snapshots > 0 && Do(vm, uuid, "delete-snapshot", null, kill, random, $"s{vm.Snapshots - 1}"):
                vm.Snapshots--;
                break;
            case 9 when Do(vm, uuid, "reprovision", $$"""{"image_uuid": "{{TestImages.Native}}"}""", kill, random):
                (vm.Running, vm.Snapshots) = (true, 0);
                break;
            case 10:
                Timed("list", () => root.Command("vmadm", "list", "-p").OrThrow());
                break;
        }
    }

    /// <summary>True: it was done, and succeeded. A killed one may have done anything: what is known is looked up.</summary>
    private bool Do(Known vm, string uuid, string verb, string? input, bool kill, Random random, params string[] words)
    {
        string[] argv = [root.Program("vmadm"), verb, .. verb == "create" ? Array.Empty<string>() : [uuid], .. words];
        if (kill)
        {
            Interlocked.Increment(ref _kills);
            root.Run(["timeout", "--signal=KILL", (random.Next(1, 60) / 100.0).ToString(CultureInfo.InvariantCulture), .. argv], input);
            LookUp(vm, uuid);
            return false;
        }
        var run = Timed(verb, () => root.Run(argv, input));
        if (run.Succeeded)
        {
            return true;
        }
        // A neighbour may have meddled: then what is there is not what was known, and that is no fault.
        var before = (vm.Exists, vm.Running, vm.Snapshots);
        LookUp(vm, uuid);
        if (IsHung(run) || !Meddlers.Contains(uuid) && before == (vm.Exists, vm.Running, vm.Snapshots))
        {
            _faults.Enqueue($"{verb} {uuid} ended with {run.Status}: {run.ErrorOutput.Trim()}");
        }
        return false;
    }

    private ConcurrentBag<string> Meddlers { get; } = [];

    private void Meddle(string uuid, Random random)
    {
        Interlocked.Increment(ref _meddlings);
        Meddlers.Add(uuid);
        string[] words = random.Next(4) switch { 0 => ["stop", uuid, "-F"], 1 => ["start", uuid], 2 => ["delete", uuid], _ => ["update", uuid, "alias=meddled"] };
        var run = Timed("meddling", () => root.Command("vmadm", words));
        if (IsHung(run))
        {
            _faults.Enqueue($"{string.Join(' ', words)} ended with {run.Status}: {run.ErrorOutput.Trim()}");
        }
    }

    /// <summary>It did not end, or was ended by a signal of its own fault.</summary>
    private static bool IsHung(ToolResult run) => run.Status is 124 or > 127 or < 0;

    /// <summary>Until vmadmd has settled what a kill left.</summary>
    private void LookUp(Known vm, string uuid)
    {
        for (var clock = Stopwatch.StartNew(); ; Thread.Sleep(200))
        {
            var got = root.Command("vmadm", "get", uuid);
            string state = got.Succeeded ? (string)JsonNode.Parse(got.Output)!["state"]! : "gone";
            if (state is "gone" or "running" or "stopped")
            {
                vm.Exists = state != "gone";
                vm.Running = state == "running";
                vm.Snapshots = vm.Exists ? ((JsonArray?)JsonNode.Parse(got.Output)!["snapshots"])?.Count ?? 0 : 0;
                return;
            }
            if (state == "failed")
            {
                // Stopped by a neighbour in its first boot: that is what the state is for, and delete is a way out.
                Interlocked.Increment(ref _failed);
                Timed("delete", () => root.Command("vmadm", "delete", uuid));
            }
            if (clock.Elapsed > TimeSpan.FromMinutes(4))
            {
                _faults.Enqueue($"VM {uuid} stays {state} after a kill");
                root.Command("vmadm", "delete", uuid);
                (vm.Exists, vm.Running) = (false, false);
                return;
            }
        }
    }

    private ToolResult Timed(string verb, Func<ToolResult> run)
    {
        var clock = Stopwatch.StartNew();
        var result = run();
        _done.Add((verb, clock.Elapsed.TotalSeconds));
        return result;
    }

    private sealed class Known
    {
        internal bool Exists { get; set; }

        internal bool Running { get; set; }

        internal int Snapshots { get; set; }
    }
}
