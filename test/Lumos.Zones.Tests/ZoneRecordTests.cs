using Lumos.Zones.Runtime;
using Xunit;

namespace Lumos.Zones.Tests;

public sealed class ZoneRecordTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3), Slack = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(-60)] // days
    [InlineData(0)]
    [InlineData(60)]
    public void The_end_of_patience_does_not_move_with_the_clock(int days)
    {
        var stopping = new ZoneRecord { State = "running", ZoneId = 5 }.StoppingTo(ZoneState.Installed, Limit);
        var kept = stopping with { StopBy = stopping.StopBy!.Value.AddDays(-days) }; // as it was written before somebody set the clock
        string file = Path.GetTempFileName();
        try
        {
            kept.Write(file);
            var read = ZoneRecord.TryRead(file)!;
            Assert.Equal(kept.StopBy, read.StopBy);
            Assert.InRange(read.Expires!.Value - DateTimeOffset.UtcNow, Limit - Slack, Limit);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void One_that_nobody_stops_has_none() => Assert.Null(new ZoneRecord { State = "running", ZoneId = 5 }.Expires);
}
