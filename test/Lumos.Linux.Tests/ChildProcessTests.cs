using Lumos.Drivers.Tools;
using Xunit;

namespace Lumos.Linux.Tests;

public class ChildProcessTests
{
    [Fact]
    public void Output_input_and_status_pass_through()
    {
        var result = Tool.Run(["sh", "-c", "cat; echo oops >&2; exit 7"], "hello");
        Assert.Equal(("hello", "oops\n", 7), (result.Output, result.ErrorOutput, result.Status));
    }

    [Fact]
    public void A_killed_child_reports_128_plus_the_signal() =>
        Assert.Equal(128 + 9, Tool.Run("sh", "-c", "kill -9 $$").Status);

    [Fact]
    public void A_missing_program_is_named()
    {
        var error = Assert.Throws<ErrnoException>(() => Tool.Run("/no/such/program"));
        Assert.Equal(Errno.ENOENT, error.Errno);
        Assert.Contains("/no/such/program", error.Message);
    }
}
