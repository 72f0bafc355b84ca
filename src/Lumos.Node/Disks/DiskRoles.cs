namespace Lumos.Node.Disks;

/// <summary>
/// Which disk does what. Disks of one bus, kind (SSD or HDD) and marketed size form a group; groups of one kind whose sizes
/// lie within 5 % are one. A lone group stores. Of several, the HDD group of the largest disks stores (with SSDs only, the
/// SSD group of the largest); the SSD group of the smallest disks logs when it has fewer than five; the rest caches.
/// </summary>
internal sealed record DiskRoles(IReadOnlyList<Disk> Storage, IReadOnlyList<Disk> Logs, IReadOnlyList<Disk> Cache)
{
    private const double Alike = 0.05;
    private const int MostLogDisks = 4;

    /// <summary>The roles; an empty <see cref="Storage"/> when no disk is fit to store.</summary>
    internal static DiskRoles Assign(IEnumerable<Disk> disks, bool useCache)
    {
        var groups = Merge(GroupAlike(disks));
        if (groups.Count <= 1)
        {
            return new(groups.Count == 0 ? [] : groups[0].Sorted(), [], []);
        }
        var spinning = new Queue<Group>(groups.Where(g => !g.SolidState).OrderByDescending(g => g.Smallest));
        var solid = groups.Where(g => g.SolidState).OrderBy(g => g.Smallest).ToList();

        IReadOnlyList<Disk> storage;
        var cache = new List<Disk>();
        if (spinning.TryDequeue(out var largest))
        {
            storage = largest.Sorted();
            cache.AddRange(spinning.Reverse().SelectMany(g => g.Sorted()));
        }
        else
        {
            storage = solid[^1].Sorted();
            solid.RemoveAt(solid.Count - 1);
        }
        IReadOnlyList<Disk> logs = [];
        if (solid.Count > 0 && solid[0].Disks.Count <= MostLogDisks)
        {
            logs = solid[0].Sorted();
            solid.RemoveAt(0);
        }
        cache.AddRange(solid.SelectMany(g => g.Sorted()));
        return new(storage, logs, useCache ? cache : []);
    }

    /// <summary>
    /// The size a disk is sold as, in GB of 10⁹ bytes: the multiple of a usual step that lies nearest, small multiples
    /// counting for more, as disks of one sold size differ a little. 0 for a disk too small to use.
    /// </summary>
    internal static double MarketedGigabytes(long bytes)
    {
        double megabytes = bytes / 1e6;
        double best = double.NaN, bestMisfit = double.PositiveInfinity;
        foreach (int step in (ReadOnlySpan<int>)[500_000, 150_000, 80_000, 20_000, 4_500, 1_000])
        {
            double times = Math.Floor((megabytes + (step / 2)) / step);
            double rounded = times * step;
            double error = Math.Abs(megabytes - rounded);
            double misfit = error * error * Math.Pow(times, 4);
            if (error <= Alike * megabytes && misfit <= bestMisfit)
            {
                (best, bestMisfit) = (rounded, misfit);
            }
        }
        return double.IsNaN(best) ? Math.Floor((megabytes / 1000) + 0.5) : best / 1000;
    }

    private static List<Group> GroupAlike(IEnumerable<Disk> disks) =>
        disks.Where(d => !d.Removable)
            .Select(d => (Disk: d, Size: MarketedGigabytes(d.Size)))
            .Where(d => d.Size > 0)
            .GroupBy(d => (d.Disk.Bus, d.Size, d.Disk.SolidState))
            .Select(g => new Group(g.Key.Size, g.Key.SolidState, g.Select(d => d.Disk).ToList()))
            .ToList();

    /// <summary>Each group in turn is poured into every other like it, or takes it in; the one with more disks keeps its size.</summary>
    private static List<Group> Merge(List<Group> groups)
    {
        foreach (var one in groups.ToList())
        {
            foreach (var other in groups.ToList())
            {
                if (ReferenceEquals(one, other) || !groups.Contains(one) || !groups.Contains(other)
                    || one.SolidState != other.SolidState || Math.Abs(one.Size - other.Size) > Alike * other.Size)
                {
                    continue;
                }
                var (kept, poured) = one.Disks.Count > other.Disks.Count ? (one, other) : (other, one);
                kept.Disks.AddRange(poured.Disks);
                groups.Remove(poured);
            }
        }
        return groups;
    }

    private sealed class Group(double size, bool solidState, List<Disk> disks)
    {
        internal double Size => size;

        internal bool SolidState => solidState;

        internal List<Disk> Disks => disks;

        internal long Smallest => disks.Min(d => d.Size);

        internal IReadOnlyList<Disk> Sorted() =>
            disks.OrderBy(d => d.Size).ThenBy(d => d.Name, StringComparer.Ordinal).ToList();
    }
}
