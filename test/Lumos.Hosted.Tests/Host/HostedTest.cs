using Lumos.Hosted.Model;
using Lumos.Testing;
using Xunit;

// One at a time: what a test leaves behind is told by listing the whole machine.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Lumos.Hosted.Tests.Host;

/// <summary>A test with hosted global zones that leaves the host as it was.</summary>
public abstract class HostedTest : IDisposable
{
    private readonly LeakGuard _guard;
    private readonly SharedRoot? _shared;
    private readonly bool _daemonsStay;

    /// <param name="shared">Null: the test makes its own.</param>
    /// <param name="daemonsStay">False: the test ends daemons, whose open files then say nothing.</param>
    protected HostedTest(SharedRoot? shared = null, bool daemonsStay = true)
    {
        HostedPlatform.Require();
        _shared = shared;
        _daemonsStay = daemonsStay;
        _ = shared?.Root;
        _guard = new LeakGuard(Listing, passing: IsPassing);
    }

    public virtual void Dispose()
    {
        _guard.Check();
        GC.SuppressFinalize(this);
    }

    /// <summary>The machine, and inside of the shared root when there is one.</summary>
    private protected IEnumerable<string> Listing() => Machine().Concat(_shared is null ? [] : InsideListing.Of(_shared.Root, _daemonsStay));

    // A client that was just being answered; a temporary mount of the host's, which is seen inside and goes with it.
    private static bool IsPassing(string line) =>
        line.StartsWith("descriptor of ", StringComparison.Ordinal) || line.StartsWith("mount inside /tmp/", StringComparison.Ordinal);

    /// <summary>What can be seen of the host.</summary>
    private protected static IEnumerable<string> Machine()
    {
        var own = HostedRoot.Names;
        string[] others = Directory.Exists(HostedPaths.AllRuns)
            ? [.. Directory.EnumerateDirectories(HostedPaths.AllRuns).Select(d => Path.GetFileName(d)).Where(n => !own.Contains(n) && IsSomebodyElses(n))]
            : [];
        return MachineListing.Of([HostedRoot.Temporary, .. own.Select(n => "lumos-" + n)], others);
    }

    // One that nobody claims is a leak until shown otherwise.
    private static bool IsSomebodyElses(string name)
    {
        string owner = new HostedPaths("", name).OwnerFile;
        return File.Exists(owner) && !File.ReadAllText(owner).StartsWith(HostedRoot.Temporary, StringComparison.Ordinal);
    }
}
