using Lumos.Drivers.Datasets;
using Lumos.Drivers.Tools;
using Xunit;

namespace Lumos.Drivers.Tests.Datasets;

/// <summary>
/// The contract over real ZFS: needs root, /dev/zfs and a pool named by LUMOS_TEST_POOL (default: zones). The live tests carry
/// it into a machine (test/system/DatasetContractTests.cs) and run it there.
/// </summary>
[Trait("level", "machine")]
public sealed class ZfsDatasetsTests : StoredDatasetsContract
{
    private readonly DatasetName _root = DatasetName.Parse(
        $"{Environment.GetEnvironmentVariable("LUMOS_TEST_POOL") ?? "zones"}/lumos-test-{Environment.ProcessId}-{Guid.NewGuid():N}");

    public ZfsDatasetsTests()
    {
        Assert.SkipUnless(File.Exists("/dev/zfs"), "no ZFS on this machine (/dev/zfs is missing)");
        Store = new ZfsDatasets();
        Store.Create(_root);
    }

    protected override IDatasets Store { get; } = null!;

    protected override DatasetName Root => _root;

    public override void Dispose()
    {
        if (Store is not null)
        {
            // Whoever looks at a device that was just written to keeps its volume busy.
            _ = Tool.Run("udevadm", "settle");
            base.Dispose();
            Store.Destroy(_root, recursive: true);
        }
    }
}
