using System.Globalization;

namespace Lumos.Zones.Statistics;

/// <summary>The machine's memory, from /proc/meminfo, in bytes.</summary>
public sealed record MachineMemory(long Total, long Used)
{
    public static MachineMemory Read() => Parse(File.ReadAllText("/proc/meminfo"));

    /// <summary>Used is what cannot be dropped: neither free nor cache of files.</summary>
    public static MachineMemory Parse(string text)
    {
        var fields = text.Split('\n').Select(line => line.Split((char[])[':', ' '], StringSplitOptions.RemoveEmptyEntries)).Where(f => f.Length >= 2)
            .ToDictionary(f => f[0], f => long.Parse(f[1], NumberStyles.None, CultureInfo.InvariantCulture) << 10, StringComparer.Ordinal);
        long Field(string name) => fields.GetValueOrDefault(name);
        long used = Field("MemTotal") - Field("MemFree") - Field("Buffers") - Field("Cached") - Field("SReclaimable") + Field("Shmem");
        return new MachineMemory(Field("MemTotal"), Math.Max(0, used));
    }
}
