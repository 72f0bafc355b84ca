using Lumos.Linux.Signals;
using Xunit;

namespace Lumos.Linux.Tests;

public class ProcessSignalsTests
{
    [Theory]
    [InlineData("exec sleep 60", false)]
    [InlineData("trap : TERM; echo; read never", true)]
    [InlineData("exec env --block-signal=TERM sleep 60", true)]
    [InlineData("exec env --block-signal=HUP sleep 60", false)]
    [InlineData("exec env --block-signal sleep 60", false)]
    public void A_signal_is_heard_by_who_handles_it_or_holds_it_back_and_not_by_who_starts_a_thread(string line, bool heard)
    {
        using var process = new System.Diagnostics.Process
        {
            StartInfo = new("sh", ["-c", line]) { RedirectStandardInput = true, RedirectStandardOutput = true },
        };
        process.Start();
        try
        {
            // It takes the mask on its way to what it becomes.
            if (heard)
            {
                Assert.True(SpinWait.SpinUntil(() => ProcessSignals.IsHeard(process.Id, Signal.TERM), TimeSpan.FromSeconds(20)));
            }
            else
            {
                Assert.True(SpinWait.SpinUntil(() => File.ReadAllText($"/proc/{process.Id}/comm") == "sleep\n", TimeSpan.FromSeconds(20)));
                Assert.False(ProcessSignals.IsHeard(process.Id, Signal.TERM));
            }
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    [Fact]
    public void Nobody_hears_who_is_gone()
    {
        using var process = System.Diagnostics.Process.Start("true");
        process.WaitForExit();
        Assert.False(ProcessSignals.IsHeard(process.Id, Signal.TERM));
    }
}
