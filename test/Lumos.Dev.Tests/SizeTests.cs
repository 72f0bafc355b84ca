using Lumos.Core;
using Xunit;

namespace Lumos.Dev.Tests;

public class SizeTests
{
    [Theory]
    [InlineData("2048", 2048)]
    [InlineData("2G", 2048)]
    [InlineData("1536M", 1536)]
    [InlineData("1GiB", 1024)]
    [InlineData(null, null)]
    public void Memory_is_read_in_MiB(string? text, int? expected) => Assert.Equal(expected, Size.Parse("--memory", text, Size.MiB));

    [Theory]
    [InlineData("lots")]
    [InlineData("")]
    [InlineData("-1G")]
    [InlineData("1T")]
    public void What_is_no_size_is_refused_by_the_name_of_its_option(string text)
    {
        var error = Assert.Throws<UsageException>(() => Size.Parse("--memory", text, Size.MiB));
        Assert.Contains("--memory", error.Message);
    }

    [Fact]
    public void A_size_that_is_no_whole_number_of_units_is_refused() =>
        Assert.Throws<UsageException>(() => Size.Parse("--disk-size", "1000M", Size.GiB));
}
