using System.Globalization;
using Lumos.Drivers.Tools;
using Lumos.Linux.Spawn;
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
    public void The_number_of_a_thread_is_that_of_no_process()
    {
        using var ending = new ManualResetEventSlim();
        var thread = new Thread(ending.Wait);
        thread.Start();
        int other = Directory.GetDirectories("/proc/self/task").Select(task => int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture))
            .First(task => task != Environment.ProcessId);
        Assert.Null(ProcessHandle.TryOpen(other));
        ending.Set();
        thread.Join();
    }

    [Fact]
    public void A_missing_program_is_named()
    {
        var error = Assert.Throws<ErrnoException>(() => Tool.Run("/no/such/program"));
        Assert.Equal(Errno.ENOENT, error.Errno);
        Assert.Contains("/no/such/program", error.Message);
    }
}
