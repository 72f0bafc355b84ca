namespace Lumos.LiveImage;

/// <summary>What an image may weigh. Told at each build; a build over its budget says so, and the tests refuse it.</summary>
public static class Budgets
{
    /// <summary>The budgets and what the image uses of them, one line each.</summary>
    public static IReadOnlyList<string> Lines(PlatformImage image) => [.. Of(image).Select(Line)];

    /// <summary>The lines of those that are exceeded.</summary>
    public static IReadOnlyList<string> Exceeded(PlatformImage image) => [.. Of(image).Where(b => b.Used > b.Allowed).Select(Line)];

    private static (string Name, long Used, long Allowed)[] Of(PlatformImage image) =>
    [
        ("kernel + boot archive", image.KernelSize + image.BootArchiveSize, PlatformBuilder.BootBudget),
        ("multi-call binary", image.BinarySize, PlatformBuilder.BinaryBudget),
    ];

    private static string Line((string Name, long Used, long Allowed) budget) =>
        $"{budget.Name} {Megabytes(budget.Used)} of {Megabytes(budget.Allowed)} MB";

    private static string Megabytes(long bytes) => (bytes / 1048576.0).ToString("0.0");
}
