using System.Diagnostics;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

internal static class Wait
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20), Step = TimeSpan.FromMilliseconds(30);

    internal static void For(string what, Func<bool> condition)
    {
        for (var clock = Stopwatch.StartNew(); !condition(); Thread.Sleep(Step))
        {
            Assert.True(clock.Elapsed < Patience, $"{what}: not within {Patience.TotalSeconds:0} s");
        }
    }
}
