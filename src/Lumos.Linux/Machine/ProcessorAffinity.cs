using Lumos.Linux.Interop;

namespace Lumos.Linux.Machine;

/// <summary>The processors that the calling thread may run on.</summary>
public static unsafe class ProcessorAffinity
{
    private const int Words = 128; // 8,192 processors, the most that the kernel can be built for

    /// <summary>Their numbers.</summary>
    public static IReadOnlyList<int> Get()
    {
        ulong* mask = stackalloc ulong[Words];
        _ = SystemCall.Checked(Libc.sched_getaffinity(0, Words * sizeof(ulong), mask), "sched_getaffinity");
        var all = new List<int>();
        for (int cpu = 0; cpu < Words * 64; cpu++)
        {
            if ((mask[cpu / 64] >> (cpu % 64) & 1) != 0)
            {
                all.Add(cpu);
            }
        }
        return all;
    }

    /// <summary>Moves the thread to one of these.</summary>
    public static void Set(IEnumerable<int> processors)
    {
        ulong* mask = stackalloc ulong[Words];
        new Span<ulong>(mask, Words).Clear();
        foreach (int cpu in processors)
        {
            mask[cpu / 64] |= 1UL << (cpu % 64);
        }
        _ = SystemCall.Checked(Libc.sched_setaffinity(0, Words * sizeof(ulong), mask), "sched_setaffinity");
    }
}
