using Lumos.Core;

namespace Lumos.LiveImage;

/// <summary>What an image may weigh. Told at each build; an image over its budget is not handed out.</summary>
public static class Budgets
{
    /// <summary>The budgets and what the image uses of them, one line each.</summary>
    public static IReadOnlyList<string> Lines(PlatformImage image) =>
    [
        $"kernel + boot archive {Megabytes(image.KernelSize + image.BootArchiveSize)} of {Megabytes(PlatformBuilder.BootBudget)} MB",
        $"multi-call binary {Megabytes(image.BinarySize)} of {Megabytes(PlatformBuilder.BinaryBudget)} MB",
    ];

    internal static void Check(PlatformImage image)
    {
        if (image.KernelSize + image.BootArchiveSize > PlatformBuilder.BootBudget || image.BinarySize > PlatformBuilder.BinaryBudget)
        {
            throw new LumosException("OverBudget", $"the image is over its budget: {string.Join("; ", Lines(image))}");
        }
    }

    private static string Megabytes(long bytes) => (bytes / 1048576.0).ToString("0.0");
}
