using System.Globalization;
using Lumos.Bench.Sandboxing;
using Lumos.Core;

namespace Lumos.Bench.Measures;

/// <summary>Bytes in use, without the cache of files.</summary>
/// <param name="InGroups">What processes in the sandbox, and the kernel for them, were charged with: nobody else's work disturbs it.</param>
/// <param name="OfHost">What the whole host cannot give to others; right only on a quiet machine.</param>
internal sealed record MemoryUse(long InGroups, long OfHost)
{
    public static MemoryUse Now()
    {
        var meminfo = Fields("/proc/meminfo", 1024);
        return new MemoryUse(Charged(), meminfo["MemTotal:"] - meminfo["MemAvailable:"]);
    }

    private static long Charged()
    {
        var hierarchies = ControlGroups.Hierarchies();
        if (hierarchies.FirstOrDefault(h => h.Options.Split(',').Contains("memory")) is { } first)
        {
            var fields = Fields(Path.Combine(first.Directory, "memory.stat"), 1);
            return Number(first.Directory, "memory.usage_in_bytes") - fields["total_inactive_file"] - fields["total_active_file"];
        }
        if (hierarchies.FirstOrDefault(h => h.IsVersion2 && File.Exists(Path.Combine(h.Directory, "memory.current"))) is { } second)
        {
            var fields = Fields(Path.Combine(second.Directory, "memory.stat"), 1);
            return Number(second.Directory, "memory.current") - fields["inactive_file"] - fields["active_file"];
        }
        throw new LumosException("NoMemoryController", "no hierarchy of control groups has the memory controller");
    }

    private static long Number(string directory, string file) =>
        long.Parse(File.ReadAllText(Path.Combine(directory, file)), CultureInfo.InvariantCulture);

    private static Dictionary<string, long> Fields(string file, long factor) => File.ReadLines(file)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture) * factor);
}
