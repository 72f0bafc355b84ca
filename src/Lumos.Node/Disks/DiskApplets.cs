using System.Globalization;
using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Node.Disks;

/// <summary>disklayout, disklist and diskinfo: looking at disks, changing none.</summary>
internal static class DiskApplets
{
    internal static int DiskLayout(AppletContext context)
    {
        var args = new ArgParser().Flag('c').Value('f').Value('e').Value('s').Value('w').Parse(context.Args);
        if (args.Operands.Count > 1)
        {
            throw new UsageException("usage: disklayout [-c] [-f file] [-e disk,...] [-s spares] [-w width] [layout]; "
                + $"layouts: {string.Join(", ", LayoutRules.Profiles)}");
        }
        var wishes = new LayoutWishes(
            args.Operands.Count == 1 ? args.Operands[0] : null, Count(args, 's'), Count(args, 'w'), !args.Has('c'));
        var excluded = (args.Get('e') ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        var disks = args.Get('f') is { } file ? DiskInfoText.Parse(File.ReadAllText(file), file) : Free(context.Error);
        string? unknown = excluded.FirstOrDefault(name => disks.All(d => d.Name != name));
        if (unknown is not null)
        {
            context.Error.WriteLine($"disklayout: -e {unknown}: no such unused disk; nothing to exclude");
        }
        try
        {
            var layout = LayoutRules.Compute(disks.Where(d => !excluded.Contains(d.Name)).ToList(), wishes);
            context.Out.WriteLine(PoolLayoutJson.Write(layout));
            return ExitStatus.Success;
        }
        catch (LumosException e) when (e.Code is "NoLayout" or "UnknownLayout")
        {
            context.Out.WriteLine(PoolLayoutJson.WriteError(e.Message));
            return ExitStatus.Failure;
        }
    }

    internal static int DiskList(AppletContext context)
    {
        var args = new ArgParser().Flag('a').Flag('n').Flag('r').Flag('s').Parse(context.Args);
        bool all = args.Has('a'), removable = args.Has('r'), sizes = args.Has('s');
        if (args.Operands.Count > 0 || (all ? 1 : 0) + (args.Has('n') ? 1 : 0) + (removable ? 1 : 0) > 1
            || !(all || removable || sizes || args.Has('n')))
        {
            throw new UsageException("usage: disklist -a | -n | -r | -s (all, non-removable, removable, non-removable with sizes)");
        }
        var words = new DiskInventory().All()
            .Where(d => all || d.Removable == removable)
            .Select(d => sizes ? $"{d.Name}={d.Size.ToString(CultureInfo.InvariantCulture)}" : d.Name);
        context.Out.WriteLine(string.Join(' ', words));
        return ExitStatus.Success;
    }

    internal static int DiskInfo(AppletContext context)
    {
        var args = new ArgParser().Flag('H').Flag('p').Flag('P').Flag('c').Parse(context.Args);
        if (args.Operands.Count > 0)
        {
            throw new UsageException("usage: diskinfo [-Hp]");
        }
        if (args.Has('P') || args.Has('c'))
        {
            throw new UsageException("diskinfo -P and -c (chassis views) are not supported yet");
        }
        bool parsable = args.Has('p');
        string[] heading = ["TYPE", "DISK", "VID", "PID", "SIZE", "RMV", "SSD"];
        int[] widths = [7, 22, 17, 17, 14, 4, 4];
        if (!args.Has('H'))
        {
            Write(heading);
        }
        foreach (var disk in new DiskInventory().All())
        {
            string[] words = DiskInfoText.Words(disk);
            if (!parsable)
            {
                words[4] = (disk.Size / (double)(1L << 30)).ToString("0.00", CultureInfo.InvariantCulture) + " GiB";
            }
            Write(words);
        }
        return ExitStatus.Success;

        void Write(string[] words) => context.Out.WriteLine(parsable
            ? string.Join('\t', words)
            : string.Join(' ', words.Select((word, i) => word.PadRight(widths[i]))).TrimEnd());
    }

    /// <summary>The disks nothing uses, without removable ones; each one left out is named.</summary>
    internal static IReadOnlyList<Disk> Free(TextWriter notes)
    {
        var free = new List<Disk>();
        foreach (var disk in new DiskInventory().All().Where(d => !d.Removable))
        {
            if (DiskInventory.WhyNotFree(disk.Name) is { } why)
            {
                notes.WriteLine($"{disk.Name} {why}; left out");
            }
            else
            {
                free.Add(disk);
            }
        }
        return free;
    }

    private static int? Count(ParsedArgs args, char option)
    {
        if (args.Get(option) is not { } text)
        {
            return null;
        }
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            ? count
            : throw new UsageException($"-{option} {text}: not a whole number");
    }
}
