using System.Globalization;
using Lumos.Bench.Sandboxing;

namespace Lumos.Bench.Results;

/// <summary>Reads what the machine is.</summary>
internal static class HostReading
{
    public static HostFacts Now() => new(
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        Field("/proc/cpuinfo", "model name", ':') ?? "unknown CPU",
        Environment.ProcessorCount,
        Math.Round(long.Parse(Field("/proc/meminfo", "MemTotal", ':')!.Split(' ')[0], CultureInfo.InvariantCulture) / 1048576.0, 1),
        Field("/etc/os-release", "PRETTY_NAME", '=')?.Trim('"') ?? "unknown system",
        Layout(ControlGroups.Hierarchies()));

    private static string Layout(IReadOnlyList<Hierarchy> hierarchies) =>
        (hierarchies.Any(h => h.IsVersion2), hierarchies.Any(h => !h.IsVersion2)) switch
        {
            (true, true) => "version 1 and 2",
            (true, false) => "version 2",
            (false, true) => "version 1",
            _ => "none",
        };

    private static string? Field(string file, string name, char separator) =>
        File.ReadLines(file).Select(line => line.Split(separator, 2)).FirstOrDefault(words => words[0].Trim() == name) is [_, var value] ? value.Trim() : null;
}
