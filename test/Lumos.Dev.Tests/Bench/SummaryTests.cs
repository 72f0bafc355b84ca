using Lumos.Bench.Results;
using Xunit;

namespace Lumos.Dev.Tests.Bench;

public class SummaryTests
{
    [Theory]
    [InlineData(new double[] { 7 }, 7, 7)]
    [InlineData(new double[] { 3, 1, 2 }, 2, 3)]
    [InlineData(new double[] { 4, 1, 3, 2 }, 2.5, 4)]
    public void Median_and_p95_do_not_depend_on_the_order(double[] samples, double median, double p95) =>
        Assert.Equal(new Summary(samples.Length, median, p95), Summary.Of(samples));

    [Theory]
    [InlineData(19, 19)]
    [InlineData(20, 19)]
    [InlineData(21, 20)]
    [InlineData(100, 95)]
    [InlineData(101, 96)]
    public void P95_is_the_nearest_rank_and_so_a_value_that_was_measured(int count, double expected) =>
        Assert.Equal(expected, Summary.Of([.. Enumerable.Range(1, count).Select(i => (double)i).Reverse()]).P95);

    [Fact]
    public void One_outlier_of_many_leaves_the_median() =>
        Assert.Equal(10, Summary.Of([10, 10, 10, 10, 9000]).Median);

    [Fact]
    public void Nothing_has_no_summary() => Assert.Throws<ArgumentOutOfRangeException>(() => Summary.Of([]));

    [Fact]
    public void A_ratio_is_of_medians() => Assert.Equal(0.25, Summary.Of([1, 2, 9]).RatioTo(Summary.Of([8, 7, 9])));

    [Theory]
    [InlineData(5, 0)]
    [InlineData(5, -3)]
    [InlineData(-1, 5)]
    public void What_is_no_share_has_no_ratio(double mine, double other) => Assert.Null(Summary.Of([mine]).RatioTo(Summary.Of([other])));
}
