using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Hosted.Model;

namespace Lumos.Hosted.Applets;

/// <summary>Sizes in bytes.</summary>
internal sealed record HostPoolFacts(long Size, long Free, string Health)
{
    internal string Text => $"{new ByteCount(Size)}, {new ByteCount(Free)} free{(Health == "ONLINE" ? "" : $", {Health}")}";
}

/// <summary>What is to be told of a hosted global zone that is up; null where nobody answered.</summary>
internal sealed record HostInside
{
    /// <summary>The folder with its commands, as the host sees it.</summary>
    internal string? Commands { get; init; }

    internal HostPoolFacts? Pool { get; init; }

    /// <summary>How many VMs are in each state.</summary>
    internal IReadOnlyDictionary<string, int>? Vms { get; init; }

    /// <summary>Services that wait for an administrator.</summary>
    internal IReadOnlyList<string>? Maintenance { get; init; }

    /// <summary>Why what is null is so, a sentence each.</summary>
    internal IReadOnlyList<string> Unanswered { get; init; } = [];

    /// <param name="run">Runs a command inside.</param>
    internal static HostInside Ask(Func<string[], ToolResult> run)
    {
        var unanswered = new List<string>();
        T? Answer<T>(string of, string[] argv, Func<string, T> read)
            where T : class
        {
            var result = run(argv);
            try
            {
                return read(result.OrThrow().Output);
            }
            catch (Exception e) when (e is LumosException or JsonException or FormatException or InvalidOperationException)
            {
                unanswered.Add($"the {of} cannot be asked: {result.ErrorOutput.Trim() switch { "" => e.Message, var said => said }}");
                return null;
            }
        }
        return new HostInside
        {
            Commands = Answer("platform", ["readlink", "/etc/version"], CommandsOf),
            Pool = Answer("pool", ["lumos", "fs-hosted", "facts"], PoolOf),
            Vms = Answer("VMs", ["vmadm", "list", "-H", "-o", "state"], VmsOf),
            Maintenance = Answer("services", ["svcs", "-H", "-o", "state,fmri"], MaintenanceOf),
            Unanswered = unanswered,
        };
    }

    /// <summary>Lines for people.</summary>
    internal IEnumerable<string> Lines()
    {
        if (Vms is { } vms)
        {
            int all = vms.Values.Sum();
            string states = string.Join(", ", vms.OrderByDescending(v => v.Value).ThenBy(v => v.Key, StringComparer.Ordinal)
                .Select(v => string.Create(CultureInfo.InvariantCulture, $"{v.Value} {v.Key}")));
            yield return all == 0 ? "VMs:      none" : string.Create(CultureInfo.InvariantCulture, $"VMs:      {all} ({states})");
        }
        if (Maintenance is { } ill)
        {
            yield return ill.Count == 0 ? "services: none in maintenance" : $"services: in maintenance: {string.Join(", ", ill)}";
        }
        foreach (string sentence in Unanswered)
        {
            yield return sentence;
        }
    }

    internal static string CommandsOf(string link)
    {
        const string Ending = "/etc/version";
        string path = link.Trim();
        return path.StartsWith(HostedPaths.HostView, StringComparison.Ordinal) && path.EndsWith(Ending, StringComparison.Ordinal)
            ? path[HostedPaths.HostView.Length..^Ending.Length] + "/usr/sbin"
            : throw new FormatException($"/etc/version leads to {path}");
    }

    internal static HostPoolFacts PoolOf(string json)
    {
        var facts = JsonNode.Parse(json)!;
        return new HostPoolFacts((long)facts["size"]!, (long)facts["free"]!, (string)facts["health"]!);
    }

    internal static IReadOnlyDictionary<string, int> VmsOf(string states) => Lines(states)
        .GroupBy(state => state.Trim(), StringComparer.Ordinal).ToDictionary(same => same.Key, same => same.Count(), StringComparer.Ordinal);

    internal static IReadOnlyList<string> MaintenanceOf(string services) =>
        [.. Lines(services).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is ["maintenance", _]).Select(words => words[1])];

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
