using Lumos.Drivers.Datasets;
using Xunit;

namespace Lumos.Drivers.Tests.Datasets;

public sealed class DatasetNameTests
{
    [Theory]
    [InlineData("zones")]
    [InlineData("zones/9d3f0a1e-0b6c-4c33-9a77-0d0a9f8c1b2d/data")]
    [InlineData("zones/a.b:c_d-e f")]
    public void Good_names_parse(string text) => Assert.Equal(text, DatasetName.Parse(text).Value);

    [Theory]
    [InlineData("")]
    [InlineData("/zones")]
    [InlineData("zones/")]
    [InlineData("zones//a")]
    [InlineData("zones/../a")]
    [InlineData("zones/./a")]
    [InlineData("-r")]
    [InlineData("zones/a@b")]
    [InlineData("zones/a\nb")]
    [InlineData("zones/a\tb")]
    [InlineData("zones/a,b")]
    [InlineData("1zones")]
    [InlineData("zones/é")]
    public void Bad_names_do_not(string text) => Assert.False(DatasetName.TryParse(text, out _));

    [Fact]
    public void A_name_of_256_characters_is_too_long() => Assert.False(DatasetName.TryParse("z" + new string('a', 255), out _));

    [Fact]
    public void Parts()
    {
        var name = DatasetName.Parse("zones/a/b");
        Assert.Equal(("zones", "b", "zones/a"), (name.Pool, name.Leaf, name.Parent!.Value));
        Assert.Null(DatasetName.Parse("zones").Parent);
        Assert.True(name.IsWithin(DatasetName.Parse("zones/a")));
        Assert.False(DatasetName.Parse("zones/ab").IsWithin(DatasetName.Parse("zones/a")));
        Assert.Equal("zones/a/b@final", name.At("final").ToString());
    }
}
