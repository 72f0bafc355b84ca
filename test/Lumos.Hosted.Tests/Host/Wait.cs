using System.Diagnostics;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

internal static class Wait
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20), Step = TimeSpan.FromMilliseconds(30);

    /// <param name="what">Is waited for.</param>
    /// <param name="condition">Whether it is there.</param>
    /// <param name="seen">What is there instead, for who reads of the failure.</param>
    /// <param name="patience">Null: an ordinary one.</param>
    internal static void For(string what, Func<bool> condition, Func<string>? seen = null, TimeSpan? patience = null)
    {
        for (var clock = Stopwatch.StartNew(); !condition(); Thread.Sleep(Step))
        {
            if (clock.Elapsed > (patience ?? Patience))
            {
                Assert.Fail($"{what}: not within {(patience ?? Patience).TotalSeconds:0} s; {seen?.Invoke()}");
            }
        }
    }
}
