using Lumos.Core;
using Lumos.Drivers.Datasets;
using Xunit;

namespace Lumos.Drivers.Tests.Datasets;

public sealed class ZfsListingTests
{
    [Fact]
    public void Rows_become_entries_and_a_dash_is_nothing()
    {
        var entries = ZfsListing.Parse(
            "zones\tfilesystem\t0\t-\tzones\nzones/a@final\tsnapshot\t-\tzones/b\tzones/a@final\n", ["quota", "clones"]);
        Assert.Equal(2, entries.Count);
        Assert.Equal(0, entries[0].Number("quota"));
        Assert.Null(entries[0]["clones"]);
        Assert.Equal("zones/a@final", entries[1].Name);
        Assert.Equal("zones/a", entries[1].Dataset.Value);
    }

    [Theory]
    [InlineData("zones/t\tfilesystem\tx\nzones/forged\tfilesystem\ty\tzones/t\n")]
    [InlineData("zones/t\tfilesystem\tx\tzones/t\nzones/forged\tfilesystem\ty\tzones/forged\nzones/t\tfilesystem\tz\tzones/t\n")]
    [InlineData("zones/t\tfilesystem\tx\ty\tzones/t\n")]
    [InlineData("zones/t\tbookmark\tx\tzones/t\n")]
    public void A_value_with_tabs_or_newlines_cannot_forge_a_dataset(string output) =>
        Assert.Equal("DatasetListingInvalid", Assert.Throws<LumosException>(() => ZfsListing.Parse(output, ["user:p"])).Code);
}
