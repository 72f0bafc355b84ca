using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Zones.Administration;

/// <summary>What <c>zoneadm boot -- OPTIONS</c>, or the property bootargs, asks for.</summary>
/// <param name="Init">-i: another first program.</param>
/// <param name="Milestone">-s, -m milestone=NAME: how far services go; null: all the way.</param>
public sealed record ZoneBootOptions(string? Init, string? Milestone)
{
    /// <summary>The variable that tells a native zone's svc.startd, in the words of a machine's boot arguments.</summary>
    public const string Variable = "SMF_BOOTARGS";

    public static ZoneBootOptions None { get; } = new(null, null);

    public bool IsEmpty => Init is null && Milestone is null;

    /// <exception cref="UsageException">They are not boot options.</exception>
    public static ZoneBootOptions Parse(IEnumerable<string> words)
    {
        var args = new ArgParser().Flag('s').Value('i').Value('m').Parse(words).Expect(0, 0, "boot option");
        string? milestone = args.Has('s') ? "single-user" : null;
        foreach (string option in args.GetAll('m').SelectMany(m => m.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            milestone = option.StartsWith("milestone=", StringComparison.Ordinal) && option.Length > "milestone=".Length
                ? option["milestone=".Length..]
                : throw new UsageException($"boot option -m {option} is not known; -m milestone=NAME is");
        }
        if (args.Get('i') is { } init && !init.StartsWith('/'))
        {
            throw new UsageException($"boot option -i {init} is not an absolute path in the zone");
        }
        return new ZoneBootOptions(args.Get('i'), milestone);
    }

    /// <summary>Those of a configuration's bootargs; none when it has none.</summary>
    public static ZoneBootOptions OfConfig(string? bootArgs) =>
        Parse((bootArgs ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>A zone that is booted so.</summary>
    /// <exception cref="LumosException">ZoneCannotBoot: the brand cannot.</exception>
    public ZoneSpec Apply(ZoneSpec spec)
    {
        if (Init is not null)
        {
            spec = spec with { Init = [Init] };
        }
        if (Milestone is null)
        {
            return spec;
        }
        if (spec.Brand.IsNative)
        {
            return spec with { Environment = spec.Environment.SetItem(Variable, "milestone=" + Milestone) };
        }
        // As a kernel's command line tells systemd and sysvinit alike.
        return Milestone == "single-user"
            ? spec with { Init = [.. Bundle.OciBundle.InitArgv(spec), "single"] }
            : throw new LumosException("ZoneCannotBoot", $"zone '{spec.Name}' has brand {spec.Brand}, whose init knows no milestone but single-user (-s)");
    }
}
