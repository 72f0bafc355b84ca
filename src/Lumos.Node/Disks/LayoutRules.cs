using Lumos.Core;

namespace Lumos.Node.Disks;

/// <summary>What the operator fixed; null where the rules choose.</summary>
public sealed record LayoutWishes(string? Profile = null, int? Spares = null, int? Width = null, bool UseCache = true);

/// <summary>
/// SmartOS's rules for laying out a pool, as a pure function: disks and wishes in, a layout or the reason why there is none.
/// Roles come from <see cref="DiskRoles"/>; this class chooses the profile by the number and kind of storage disks, then the
/// stripe width and spares. Of the widths a profile allows the narrowest that leaves no disk over is taken; where none does,
/// spares are added until one fits. Disks stand in order of size, so that the largest become spares and can stand in for any.
/// </summary>
public static class LayoutRules
{
    private const long LargeDisk = 1_500_000_000_000;

    /// <summary>Limits of a raidz profile: a pool of exactly <see cref="Special"/> disks may be one stripe narrower than usual.</summary>
    private sealed record Raidz(string Type, int Parity, int MinWidth, int MaxWidth, int DisksPerSpare, int[] Special);

    private static readonly Dictionary<string, Raidz> RaidzProfiles = new(StringComparer.Ordinal)
    {
        ["raidz1"] = new("raidz", 1, 3, 6, 7, []),
        ["raidz2"] = new("raidz2", 2, 7, 12, 12, [5, 6]),
        ["raidz3"] = new("raidz3", 3, 9, 20, 15, [7, 8]),
    };

    /// <summary>The profiles' names.</summary>
    public static IReadOnlyList<string> Profiles { get; } = ["single", "mirror", "raidz1", "raidz2", "raidz3"];

    /// <summary>Lays out the disks.</summary>
    /// <exception cref="LumosException">NoLayout: no acceptable layout, and why; UnknownLayout: no such profile.</exception>
    public static PoolLayout Compute(IReadOnlyList<Disk> disks, LayoutWishes wishes)
    {
        if (wishes.Profile is { } named && !Profiles.Contains(named))
        {
            throw new LumosException("UnknownLayout",
                $"unknown layout {named}; supported layouts are {string.Join(", ", Profiles)}");
        }
        var roles = DiskRoles.Assign(disks, wishes.UseCache);
        var storage = roles.Storage;
        if (storage.Count == 0)
        {
            throw Refuse("no primary storage disks available");
        }
        if (wishes.Spares is { } spares)
        {
            int rest = storage.Count - spares;
            if (spares > 0 && rest < 2)
            {
                throw Refuse($"too many spares ({spares}) for this disk configuration");
            }
            if (rest >= 17 && IsPrime(rest))
            {
                throw Refuse($"invalid number of spares ({spares}) for this disk configuration");
            }
        }
        string profile = wishes.Profile ?? Choose(storage, wishes.Spares, wishes.Width);
        var layout = profile switch
        {
            "single" => Single(storage, wishes),
            "mirror" => Mirror(storage, wishes),
            _ => Striped(storage, RaidzProfiles[profile], wishes),
        };
        return layout with { Logs = roles.Logs, Cache = roles.Cache };
    }

    private static string Choose(IReadOnlyList<Disk> storage, int? spares, int? width)
    {
        int disks = storage.Count - (spares ?? 0);
        bool solid = storage[0].SolidState;
        switch (disks)
        {
            case 1: return "single";
            case 2: return "mirror";
            case 3 or 4: return "raidz1";
            case 5 or 6: return solid || spares is not null ? "raidz1" : "raidz2";
        }
        if (width is { } wide)
        {
            return wide switch { <= 2 => "mirror", <= 6 => "raidz1", <= 12 => "raidz2", _ => "raidz3" };
        }
        if (disks > 16 || (disks > 7 && storage[0].Size > LargeDisk))
        {
            bool fits = spares is null || Enumerable.Range(7, 6).Any(w => disks % w == 0);
            return fits ? "raidz2" : disks == 13 ? "raidz3" : "raidz1";
        }
        if (solid && disks < 12)
        {
            return "raidz2";
        }
        if (disks % 2 == 0 || spares is null)
        {
            return "mirror";
        }
        return disks switch { 15 => "raidz1", 13 => "raidz3", _ => "raidz2" };
    }

    private static PoolLayout Single(IReadOnlyList<Disk> disks, LayoutWishes wishes) =>
        wishes.Spares is > 0
            ? throw Refuse("spares are not allowed for a single disk pool")
            : new PoolLayout { Vdevs = [new Vdev(null, [disks[0]])], Capacity = disks[0].Size };

    private static PoolLayout Mirror(IReadOnlyList<Disk> disks, LayoutWishes wishes)
    {
        int count = disks.Count;
        if (count < 2)
        {
            throw Refuse("at least 2 disks are required for mirroring");
        }
        int width = wishes.Width ?? 2;
        if (width < 2 || width > count - (wishes.Spares ?? 0))
        {
            throw Refuse($"{width} is an invalid width for mirroring and {count - (wishes.Spares ?? 0)} disks");
        }
        int some = (count + 15) / 16;
        int spares = wishes switch
        {
            { Spares: { } fixedSpares } => fixedSpares,
            { Width: not null } => count % width,
            _ when count is 2 or 4 => 0,
            _ => some + ((count - some) % width),
        };
        return Build("mirror", disks, width, spares, dataDisks: 1, leaveRest: wishes.Width is not null);
    }

    private static PoolLayout Striped(IReadOnlyList<Disk> disks, Raidz profile, LayoutWishes wishes)
    {
        int count = disks.Count;
        if (wishes.Spares >= count)
        {
            throw Refuse($"{wishes.Spares} is an invalid number of spares for {count} disks");
        }
        var (narrow, wide) = profile.Special.Contains(count) ? (count, count) : (profile.MinWidth, profile.MaxWidth);
        int spares = wishes.Spares ?? Math.Min(2, count / profile.DisksPerSpare);
        int width;
        if (wishes.Width is { } fixedWidth)
        {
            if (fixedWidth < narrow || fixedWidth > count)
            {
                throw Refuse($"{fixedWidth} is an invalid width for {profile.Type} and {count} disks "
                    + $"(min: {narrow}, default max: {wide})");
            }
            width = fixedWidth;
            spares = wishes.Spares ?? count % width;
            if (count - spares < width)
            {
                throw Refuse($"{width} is an invalid width for {profile.Type} and {spares} spares");
            }
        }
        else
        {
            while (true)
            {
                if (count - spares < narrow)
                {
                    throw Refuse($"no acceptable {profile.Type} layout is possible with {count} disks");
                }
                width = Enumerable.Range(narrow, wide - narrow + 1).FirstOrDefault(w => (count - spares) % w == 0);
                if (width != 0)
                {
                    break;
                }
                if (wishes.Spares is not null)
                {
                    throw Refuse($"no acceptable {profile.Type} layout is possible with {count} disks and {spares} "
                        + (spares == 1 ? "spare" : "spares"));
                }
                spares++;
            }
        }
        return Build(profile.Type, disks, width, spares, width - profile.Parity, leaveRest: wishes.Width is not null);
    }

    /// <summary>Cuts the disks into vdevs; with a width the operator fixed, disks left over are left alone.</summary>
    private static PoolLayout Build(string type, IReadOnlyList<Disk> disks, int width, int spares, int dataDisks, bool leaveRest)
    {
        int used = disks.Count - spares;
        var vdevs = disks.Take(used).Chunk(width)
            .Where(chunk => !leaveRest || chunk.Length == width)
            .Select(chunk => new Vdev(type, chunk))
            .ToList();
        if (type == "mirror" && vdevs[^1].Devices.Count == 1)
        {
            throw Refuse($"no acceptable mirror layout is possible with {disks.Count} disks and {spares} spares");
        }
        return new PoolLayout
        {
            Vdevs = vdevs,
            Spares = disks.Skip(used).ToList(),
            Capacity = vdevs.Sum(v => v.Devices[0].Size * dataDisks),
        };
    }

    private static bool IsPrime(int number) =>
        number > 1 && !Enumerable.Range(2, Math.Max(0, (int)Math.Sqrt(number) - 1)).Any(d => number % d == 0);

    private static LumosException Refuse(string why) => new("NoLayout", why);
}
