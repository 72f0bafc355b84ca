using System.Globalization;

namespace Lumos.Node.Information;

/// <summary>The processors, from /proc/cpuinfo.</summary>
/// <param name="Model">The marketing name.</param>
/// <param name="Virtualization">The instruction set for guests: vmx, svm, or none.</param>
internal sealed record CpuFacts(string Model, string Virtualization, int Sockets, int Cores, int Threads)
{
    internal static CpuFacts Parse(string cpuinfo)
    {
        var processors = cpuinfo.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Select(block => block.Split('\n')
                .Select(line => line.Split(':', 2))
                .Where(pair => pair.Length == 2)
                .GroupBy(pair => pair[0].Trim(), pair => pair[1].Trim())
                .ToDictionary(g => g.Key, g => g.First()))
            .Where(p => p.ContainsKey("processor"))
            .ToList();
        string[] flags = processors.Count == 0 ? [] : processors[0].GetValueOrDefault("flags", "").Split(' ');
        int Of(Dictionary<string, string> processor, string key, int fallback) =>
            int.TryParse(processor.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : fallback;
        return new CpuFacts(
            processors.Count == 0 ? "" : processors[0].GetValueOrDefault("model name", ""),
            flags.Contains("vmx") ? "vmx" : flags.Contains("svm") ? "svm" : "none",
            processors.Select(p => Of(p, "physical id", 0)).Distinct().Count(),
            processors.Select((p, i) => (Of(p, "physical id", 0), Of(p, "core id", i))).Distinct().Count(),
            processors.Count);
    }
}
