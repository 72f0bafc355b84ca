using Lumos.LiveImage;
using Lumos.LiveImage.ZoneImages;
using Lumos.Machine;

namespace Lumos.Dev;

/// <summary>What a checkout is built into: a platform image and the zone images.</summary>
internal sealed record Artifacts(PlatformImage Platform, IReadOnlyList<ZoneImage> Images)
{
    /// <summary>Where the zone images are, for the image server.</summary>
    public static string ServedFolder(Checkout checkout) => Path.Combine(checkout.Out, "images");

    /// <summary>Builds both, or finds them built, telling each stage.</summary>
    public static Artifacts Build(Checkout checkout, Stages stages, bool locked)
    {
        var options = Options(checkout, stages, locked);
        return new Artifacts(BuildPlatform(options, stages), BuildImages(options, stages, ZoneImageBuilder.WithThePlatform));
    }

    public static PlatformImage BuildPlatform(BuildOptions options, Stages stages)
    {
        var platform = stages.Telling(() => PlatformBuilder.Build(options));
        foreach (string line in Budgets.Lines(platform))
        {
            stages.Say($"budget: {line}");
        }
        return platform;
    }

    /// <param name="options">As for the platform.</param>
    /// <param name="stages">Where progress is told.</param>
    /// <param name="names">Which ones; null: all there are recipes for.</param>
    public static IReadOnlyList<ZoneImage> BuildImages(BuildOptions options, Stages stages, IReadOnlyList<string>? names)
    {
        var accelerator = Accelerator.Choose(Path.Combine(options.OutDirectory, "cache"));
        return stages.Telling(() => ZoneImageBuilder.Build(options, accelerator.Arguments, names));
    }

    /// <summary>Options that show the build's progress as stages and write to their log.</summary>
    public static BuildOptions Options(Checkout checkout, Stages stages, bool locked) => new()
    {
        RepositoryRoot = checkout.Root,
        OutDirectory = checkout.Out,
        Locked = locked,
        LogFile = stages.Log,
        Notice = stages.Say,
        Progress = step => stages.Show(step),
    };
}
