using Lumos.LiveImage;
using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

[Collection("14 reproducible build")]
public sealed class ReproducibleBuildTests(Suite suite) : LiveTest(suite)
{
    protected override MachineFolder? LogOf => null;

    [Fact]
    public void Building_twice_gives_the_same_bytes() => Assert.Empty(PlatformBuilder.Reproduce(Suite.Options));

    [Fact]
    public void The_image_keeps_its_budgets()
    {
        var image = Suite.Platform;
        Assert.InRange(image.KernelSize + image.BootArchiveSize, 1, PlatformBuilder.BootBudget);
        Assert.InRange(image.BinarySize, 1, PlatformBuilder.BinaryBudget);
    }
}
