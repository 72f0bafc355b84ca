using Lumos.Drivers.Datasets.Btrfs;
using Xunit;

namespace Lumos.Drivers.Tests;

public class SideBySideTests
{
    [Fact]
    public void Each_is_called_once_and_several_at_a_time()
    {
        using var meeting = new Barrier(4);
        int[] calls = new int[40];
        SideBySide.Run([.. Enumerable.Range(0, calls.Length)], 4, at =>
        {
            Assert.True(meeting.SignalAndWait(TimeSpan.FromSeconds(60)), "they do not run side by side");
            Interlocked.Increment(ref calls[at]);
        });
        Assert.All(calls, count => Assert.Equal(1, count));
    }

    [Fact]
    public void The_first_fault_ends_it_and_is_the_callers()
    {
        int begun = 0;
        var fault = Assert.Throws<IOException>(() => SideBySide.Run([.. Enumerable.Range(0, 1000)], 2, at =>
        {
            Interlocked.Increment(ref begun);
            throw new IOException($"no {at}");
        }));
        Assert.StartsWith("no ", fault.Message, StringComparison.Ordinal);
        Assert.InRange(begun, 1, 2);
    }

    [Fact]
    public void Nothing_to_do_is_done() => SideBySide.Run<int>([], 4, _ => throw new IOException());
}
