using Lumos.Drivers.Datasets;
using Lumos.Testing;

namespace Lumos.Drivers.Tests.Datasets;

public sealed class FakeDatasetsTests : DatasetsContract
{
    protected override IDatasets Store { get; } = new FakeDatasets("zones");

    protected override DatasetName Root => DatasetName.Parse("zones");
}
