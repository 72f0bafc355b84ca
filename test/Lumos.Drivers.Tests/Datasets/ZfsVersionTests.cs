using Lumos.Drivers.Datasets.Delegation;
using Xunit;

namespace Lumos.Drivers.Tests.Datasets;

public class ZfsVersionTests
{
    [Theory]
    [InlineData("2.2.11-1")]
    [InlineData("2.3.9-0+deb13u1")]
    [InlineData("2.3.10")]
    [InlineData("2.4.4-1")]
    [InlineData("2.5.0-rc1")]
    [InlineData("3.0.0")]
    public void Those_that_keep_pools_from_namespaces_may_be_shown_to_zones(string version) => Assert.Null(ZfsVersion.Fault(version));

    [Theory]
    [InlineData("2.1.99")]
    [InlineData("2.2.10-1")]
    [InlineData("2.3.2-2")]
    [InlineData("2.4.0-1")]
    [InlineData("0.8.6")]
    public void Those_that_do_not_may_not(string version) => Assert.Contains("change the machine's pools", ZfsVersion.Fault(version));

    [Theory]
    [InlineData("")]
    [InlineData("git")]
    [InlineData("2.x.1")]
    public void One_that_does_not_say_may_not(string version) => Assert.NotNull(ZfsVersion.Fault(version));
}
