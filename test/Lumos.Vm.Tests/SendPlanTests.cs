using System.Collections.Immutable;
using Lumos.Core;
using Lumos.Vm.Send;
using Xunit;

namespace Lumos.Vm.Tests;

/// <summary>Which streams bring a receiver up to date.</summary>
public sealed class SendPlanTests
{
    [Fact]
    public void Nothing_there_means_everything_and_the_first_stream_begins_at_the_image()
    {
        var plan = SendPlan.For([Set("", "1 2", originGuid: "9"), Set("data", "11 12")], null);
        Assert.Equal(["@1 origin 9", "@2 onto 1", "data@11 whole", "data@12 onto 11"], Lines(plan));
    }

    [Fact]
    public void What_is_there_is_not_sent_again()
    {
        var plan = SendPlan.For([Set("", "1 2 3"), Set("data", "11 13"), Set("new", "23")], Held(("", "1 2"), ("data", "11 12")));
        Assert.Equal(["@3 onto 2", "data@13 onto 11", "new@23 whole"], Lines(plan));
        Assert.Empty(SendPlan.For([Set("", "1 2")], Held(("", "1 2"))).Steps);
    }

    [Fact]
    public void What_has_nothing_in_common_goes_anew_with_all_below()
    {
        var plan = SendPlan.For([Set("", "1 2"), Set("a", "5"), Set("a/b", "6 7"), Set("ab", "8 9")], Held(("", "1"), ("a", "4"), ("a/b", "6"), ("ab", "8")));
        Assert.Equal(["@2 onto 1", "a@5 whole", "a/b@6 whole", "a/b@7 onto 6", "ab@9 onto 8"], Lines(plan));
    }

    [Fact]
    public void A_clone_comes_after_what_it_is_a_clone_of()
    {
        var plan = SendPlan.For([Set("", "1"), Set("a", "5", "z", "7"), Set("z", "7 8")], null);
        Assert.Equal(["@1 whole", "z@7 whole", "z@8 onto 7", "a@5 origin 7"], Lines(plan));
        var tangle = Assert.Throws<LumosException>(() => SendPlan.For([Set("", "1"), Set("a", "5", "a/b", "6"), Set("a/b", "6")], null));
        Assert.Equal("DatasetsEntangled", tangle.Code);
    }

    [Fact]
    public void A_stream_that_was_cut_is_resumed_when_it_is_the_next_one()
    {
        SourceDataset[] source = [Set("", "1 2 3")];
        var held = new ReceiverHoldings(Uuid.New(), "2", "s3", [new HeldDataset("", ["1"], "storage-word")]);
        var step = SendPlan.For(source, held).Steps[0];
        Assert.Equal((true, "storage-word"), (step.Item.Resumes, step.Resume));
        Assert.False(SendPlan.For(source, held).Steps[1].Item.Resumes);
        Assert.All(SendPlan.For(source, held with { At = "77" }).Steps, s => Assert.False(s.Item.Resumes));
    }

    [Fact]
    public void A_token_says_what_it_said()
    {
        var held = new ReceiverHoldings(Uuid.New(), "2", "s3", [new HeldDataset("", ["1", "2"], "word"), new HeldDataset("data", [])]);
        var read = ReceiverHoldings.FromToken(held.ToToken() + "\n");
        Assert.Matches("^[A-Za-z0-9_-]+$", held.ToToken());
        Assert.Equal((held.Uuid, held.At, held.Final), (read.Uuid, read.At, read.Final));
        Assert.Equal(["1", "2"], read.Of("")!.Guids);
        Assert.Equal(("word", null), (read.Of("")!.Resume, read.Of("data")!.Resume));
        foreach (string wrong in (string[])["", "!", "e30", "bm9uc2Vuc2U"])
        {
            Assert.Equal("InvalidToken", Assert.Throws<LumosException>(() => ReceiverHoldings.FromToken(wrong)).Code);
        }
    }

    private static SourceDataset Set(string path, string guids, string? originPath = null, string? originGuid = null) =>
        new(path, [.. guids.Split(' ').Select(g => new SnapshotId("s" + g, g))], originPath, originGuid);

    private static ReceiverHoldings Held(params (string Path, string Guids)[] datasets) =>
        new(Uuid.New(), null, null, [.. datasets.Select(d => new HeldDataset(d.Path, [.. d.Guids.Split(' ')]))]);

    private static IEnumerable<string> Lines(SendPlan plan) => plan.Steps.Select(s =>
        $"{s.Item.Path}@{s.Item.Snapshot.Guid} {s.Item.Basis.ToString().ToLowerInvariant()}{(s.Item.From is null ? "" : " " + s.Item.From)}");
}
