using Lumos.Drivers.Datasets;
using Lumos.Testing;

namespace Lumos.Drivers.Tests.Datasets;

public sealed class FakeDatasetsTests : DatasetsContract
{
    protected override IDatasets Store { get; } = new FakeDatasets("zones");

    protected override void Put(DatasetName name, string text) => ((FakeDatasets)Store).SetContent(name, System.Text.Encoding.UTF8.GetBytes(text));

    protected override string Got(DatasetName name) => System.Text.Encoding.UTF8.GetString(((FakeDatasets)Store).GetContent(name));

    protected override DatasetName Root => DatasetName.Parse("zones");
}
