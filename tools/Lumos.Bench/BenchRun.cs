using System.Globalization;
using System.Text.Json;
using Lumos.Bench.Measures;
using Lumos.Bench.Packages;
using Lumos.Bench.Peers;
using Lumos.Bench.Report;
using Lumos.Bench.Results;
using Lumos.Bench.Sandboxing;
using Lumos.Core;

namespace Lumos.Bench;

/// <summary>What the user asked for.</summary>
/// <param name="HostedTree">What hosted mode runs from.</param>
/// <param name="Cache">Where the Debian root is kept.</param>
/// <param name="CrowdSnapshots">How many snapshots the crowd has; null: what the size says.</param>
/// <param name="InsideCommand">The words after the program's own that run <see cref="InsideRun"/>; the request's file is added.</param>
public sealed record BenchOptions(
    IReadOnlyList<string> Peers, IReadOnlyList<string> Measures, bool Quick, string HostedTree, string Commit, string Cache, string Logs,
    IReadOnlyList<string> InsideCommand, int? CrowdSnapshots = null);

/// <summary>
/// The benchmark beside the neighbours. Outside: names are checked, packages installed, the root made; then all of it happens in a
/// sandbox (<see cref="Sandbox"/>), where <see cref="InsideRun"/> measures; outside again: the result is shown and kept.
/// </summary>
/// <remarks>
/// Left behind: installed packages, the cached root, the result. Everything else goes with the sandbox, also when it is killed.
/// </remarks>
public static class BenchRun
{
    private const long DiskGiB = 24, LeastFreeGiB = 8;

    /// <summary>Packages of the peers that are not installed.</summary>
    public static IReadOnlyList<string> MissingPackages(IReadOnlyList<string> peers) =>
        PeerPackages.Missing(PeerTable.Select(peers).Select(PeerTable.Make).SelectMany(peer => peer.Packages));

    /// <summary>Throws for names that are not known, before anything is done.</summary>
    /// <exception cref="UsageException">Lists the known ones.</exception>
    public static void Check(IReadOnlyList<string> peers, IReadOnlyList<string> measures)
    {
        _ = PeerTable.Select(peers);
        _ = MeasureTable.Select(measures);
    }

    /// <returns>The result as JSON.</returns>
    /// <exception cref="OperationCanceledException">It was stopped; everything is cleaned up.</exception>
    public static string Run(BenchOptions options, Action<string> say, CancellationToken stop)
    {
        var names = PeerTable.Select(options.Peers);
        var measures = MeasureTable.Select(options.Measures);
        string work = Path.Combine("/var/tmp", "lumos-bench-" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        RequireSpace();
        Directory.CreateDirectory(options.Logs);
        WorkFolders.RemoveStale();
        Directory.CreateDirectory(work);
        try
        {
            var (ready, leftOut) = InstallPeers(names, work, say);
            stop.ThrowIfCancellationRequested();
            say("the Debian root is made, if it is not in the cache");
            string root = Ingredients.RootArchive(options.Cache);
            string init = Ingredients.Init(work), result = Path.Combine(work, "result.json"), requestFile = Path.Combine(work, "request.json");
            var request = new BenchRequest(ready, measures, options.Quick, work, options.Logs, root, init, result, options.HostedTree, options.Commit, DiskGiB, options.CrowdSnapshots);
            File.WriteAllText(requestFile, JsonSerializer.Serialize(request, BenchRequestJson.Default.BenchRequest));
            int status = Sandbox.Run(init, [.. Sandbox.OwnProgram(), .. options.InsideCommand, requestFile], stop);
            if (status != 0 || !File.Exists(result))
            {
                throw new LumosException("BenchFailed", $"the bench ended with status {status}; logs are in {options.Logs}");
            }
            var measured = BenchResult.Load(result);
            return (measured with
            {
                Date = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
                Peers = [.. PeerTable.Names.SelectMany(name => measured.Peers.Concat(leftOut).Where(peer => peer.Name == name))],
            }).ToJson();
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>The result laid out for people.</summary>
    public static string Show(string json) => TextReport.Of(BenchResult.Parse(json));

    /// <summary>Keeps a result in a folder under its date and commit; returns the file.</summary>
    public static string Keep(string json, string folder)
    {
        var result = BenchResult.Parse(json);
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, $"{result.Date.Replace(":", "").Replace("-", "")}-{result.Commit}{(result.Quick ? "-quick" : "")}.json");
        File.WriteAllText(file, json);
        return file;
    }

    /// <summary>A peer whose packages cannot be installed is left out, with apt's words.</summary>
    private static (IReadOnlyList<string> Ready, IReadOnlyList<PeerResult> LeftOut) InstallPeers(IReadOnlyList<string> names, string work, Action<string> say)
    {
        var ready = new List<string>();
        var leftOut = new List<PeerResult>();
        foreach (var peer in names.Select(PeerTable.Make))
        {
            try
            {
                if (PeerPackages.Missing(peer.Packages) is { Count: > 0 } missing)
                {
                    say($"{string.Join(' ', missing)} is installed");
                    PeerPackages.Install(missing, work);
                }
                ready.Add(peer.Name);
            }
            catch (LumosException e)
            {
                say($"{peer.Name} is left out: {LumosException.Describe(e)}");
                leftOut.Add(new PeerResult(peer.Name, null, peer.Note, LumosException.Describe(e), peer.NotOffered));
            }
        }
        return (ready, leftOut);
    }

    private static void RequireSpace()
    {
        long free = new DriveInfo("/var/tmp").AvailableFreeSpace >> 30;
        if (free < LeastFreeGiB)
        {
            throw new LumosException("TooLittleDisk", $"/var/tmp has {free} GiB free and the bench wants {LeastFreeGiB}; nothing was made");
        }
    }
}
