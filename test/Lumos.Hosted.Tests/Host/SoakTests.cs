using System.Globalization;
using Lumos.Testing;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>Mixed operations at once over real zones, clients killed among them: nothing hangs, nothing is left.</summary>
public sealed class SoakTests : HostedTest
{
    /// <summary>What ./lumos test soak sets: seconds, hands, and where the summary goes.</summary>
    internal const string Seconds = "LUMOS_SOAK_SECONDS", Hands = "LUMOS_SOAK_HANDS", SummaryFile = "LUMOS_SOAK_SUMMARY";

    private readonly HostedRoot _root = new() { Patience = 300 };

    public override void Dispose()
    {
        _root.Dispose();
        base.Dispose();
    }

    [Fact]
    [Trait("level", "host")]
    public void A_few_hands_for_a_short_while() => Run(hands: 6, seconds: 15);

    [Fact]
    [Trait("level", "soak")]
    public void Fifty_hands_for_ten_minutes() => Run(Number(Hands, 50), Number(Seconds, 600));

    private void Run(int hands, int seconds)
    {
        _root.Up("--pool-size", "16G").OrThrow();
        TestImages.InstallNative(_root);
        // The first of everything makes folders and opens files that stay.
        using (var vm = HostedVm.Native(_root))
        {
            vm.Vmadm("reboot", "-F").OrThrow();
            vm.Vmadm("create-snapshot", "warm").OrThrow();
        }
        var inside = new LeakGuard(() => InsideListing.Of(_root, descriptors: true).Where(IsCounted), line => line.StartsWith("descriptor of ", StringComparison.Ordinal));
        var soak = new Soak(_root, hands, TimeSpan.FromSeconds(seconds), seed: 1);
        soak.Run();
        if (Environment.GetEnvironmentVariable(SummaryFile) is { Length: > 0 } file)
        {
            File.WriteAllText(file, soak.Summary() + string.Concat(soak.Faults.Select(f => $"fault: {f}\n")));
        }
        Assert.True(soak.Faults.Count == 0, soak.Summary() + string.Join('\n', soak.Faults));
        inside.Check();
    }

    // Not the table of zones and its lock-step files, which stay.
    private static bool IsCounted(string line) => !line.StartsWith("inside /etc/zones/", StringComparison.Ordinal) || line.EndsWith(".xml", StringComparison.Ordinal);

    private static int Number(string variable, int normal) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : normal;
}
