using Lumos.Drivers.Datasets;
using Xunit;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>The contract over a real btrfs in a file.</summary>
[Trait("level", "host")]
public sealed class BtrfsDatasetsTests(BtrfsPoolFixture fixture) : DatasetsContract, IClassFixture<BtrfsPoolFixture>
{
    protected override IDatasets Store => fixture.Datasets;

    protected override DatasetName Root => BtrfsPoolFixture.Root;

    protected override string? DeviceOf(DatasetName volume) => fixture.At($"zvol/{volume}");
}
