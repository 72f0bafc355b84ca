using Lumos.LiveImage.Stages;
using Xunit;

namespace Lumos.LiveImage.Tests;

public sealed class StageCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-test").FullName;
    private readonly List<StageState> _states = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_stage_is_made_once_per_key()
    {
        var cache = new StageCache(_folder, e => _states.Add(e.State));
        int made = 0;
        void Make(string work)
        {
            made++;
            File.WriteAllText(Path.Combine(work, "x"), "content");
        }
        var first = cache.Get("s", "k1", Make);
        var second = cache.Get("s", "k1", Make);
        var other = cache.Get("s", "k2", Make);
        Assert.Equal(2, made);
        Assert.Equal("content", File.ReadAllText(second["x"]));
        Assert.Equal((false, true, false), (first.Cached, second.Cached, other.Cached));
        Assert.Equal([StageState.Started, StageState.Built, StageState.Cached, StageState.Started, StageState.Built], _states);
    }

    [Fact]
    public void A_stage_that_fails_leaves_nothing()
    {
        var cache = new StageCache(_folder, e => _states.Add(e.State));
        Assert.Throws<IOException>(() => cache.Get("s", "k", work =>
        {
            File.WriteAllText(Path.Combine(work, "half"), "");
            throw new IOException("disk full");
        }));
        Assert.Equal([StageState.Started, StageState.Failed], _states);
        var result = cache.Get("s", "k", _ => { });
        Assert.False(result.Cached);
        Assert.Empty(Directory.EnumerateFileSystemEntries(result.Directory));
    }

    [Fact]
    public void Two_builds_of_one_stage_do_the_work_once()
    {
        int made = 0;
        using var ready = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        StageResult Get() => new StageCache(_folder, _ => { }).Get("s", "k", work =>
        {
            Interlocked.Increment(ref made);
            ready.Set();
            goOn.Wait(TestContext.Current.CancellationToken);
        });
        StageResult? a = null, b = null;
        var first = new Thread(() => a = Get());
        first.Start();
        ready.Wait(TestContext.Current.CancellationToken);
        var second = new Thread(() => b = Get());
        second.Start();
        goOn.Set();
        first.Join();
        second.Join();
        Assert.Equal(1, made);
        Assert.Equal(a!.Directory, b!.Directory);
    }

    [Fact]
    public void Keys_depend_on_names_contents_and_framing()
    {
        string tree = Path.Combine(_folder, "tree");
        Directory.CreateDirectory(Path.Combine(tree, "d"));
        File.WriteAllText(Path.Combine(tree, "d", "a"), "1");
        string before = new StageKey().AddTree(tree).Finish();
        File.SetLastWriteTimeUtc(Path.Combine(tree, "d", "a"), DateTime.UnixEpoch);
        Assert.Equal(before, new StageKey().AddTree(tree).Finish());
        File.WriteAllText(Path.Combine(tree, "d", "a"), "2");
        Assert.NotEqual(before, new StageKey().AddTree(tree).Finish());
        Assert.NotEqual(new StageKey().Add("ab").Add("c").Finish(), new StageKey().Add("a").Add("bc").Finish());
        Assert.Equal(32, before.Length);
    }

    [Fact]
    public void Deleting_a_tree_does_not_follow_links()
    {
        string kept = Path.Combine(_folder, "kept");
        Directory.CreateDirectory(kept);
        File.WriteAllText(Path.Combine(kept, "x"), "");
        string doomed = Path.Combine(_folder, "doomed");
        Directory.CreateDirectory(doomed);
        Directory.CreateSymbolicLink(Path.Combine(doomed, "link"), kept);
        Scratch.Delete(doomed);
        Assert.False(Directory.Exists(doomed));
        Assert.True(File.Exists(Path.Combine(kept, "x")));
    }
}
