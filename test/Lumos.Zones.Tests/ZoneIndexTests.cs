using Lumos.Zones.Config;
using Xunit;

namespace Lumos.Zones.Tests;

public sealed class ZoneIndexTests
{
    private const string Text = """
        # Zones of this machine.
        global:installed:/
        5e2a4d3c-0000-4000-8000-000000000001:installed:/zones/5e2a4d3c-0000-4000-8000-000000000001:5e2a4d3c-0000-4000-8000-000000000001
        half:incomplete:/zones/half:
        what is this?

        """;

    private static readonly ZoneName First = ZoneName.Parse("5e2a4d3c-0000-4000-8000-000000000001");

    [Fact]
    public void Reads_zones_and_leaves_the_global_one_out()
    {
        var index = ZoneIndex.Parse(Text);
        Assert.Equal([First.Text, "half"], index.Zones.Select(z => z.Name.Text));
        Assert.Equal(new ZoneIndexEntry(First, ZoneState.Installed, "/zones/" + First, First.Text), index.Find(First));
        Assert.Equal(ZoneState.Incomplete, index.Find(ZoneName.Parse("half"))!.State);
    }

    [Fact]
    public void Keeps_comments_and_lines_it_does_not_understand() => Assert.Equal(Text, ZoneIndex.Parse(Text).ToString());

    [Fact]
    public void Replaces_a_line_in_its_place_and_appends_a_new_one()
    {
        var index = ZoneIndex.Parse(Text)
            .With(new ZoneIndexEntry(First, ZoneState.Configured, "/p", "u"))
            .With(new ZoneIndexEntry(ZoneName.Parse("new"), ZoneState.Installed, "/n", "v"));
        string[] lines = index.ToString().Split('\n');
        Assert.Equal($"{First}:configured:/p:u", lines[2]);
        Assert.Equal("new:installed:/n:v", lines[^2]);
        Assert.Equal(Text.Replace("half:incomplete:/zones/half:\n", "", StringComparison.Ordinal),
            ZoneIndex.Parse(Text).Without(ZoneName.Parse("half")).ToString());
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("a/b", false)]
    [InlineData("..", false)]
    [InlineData("-a", false)]
    [InlineData("a b", false)]
    [InlineData("SUNWx", false)]
    [InlineData("web.1_a-b", true)]
    public void Names(string text, bool valid) => Assert.Equal(valid, ZoneName.TryParse(text, out _));

    [Fact]
    public void States_know_their_words_and_what_they_allow()
    {
        foreach (var state in Enum.GetValues<ZoneState>())
        {
            Assert.True(ZoneStates.TryParse(state.Word, out var back));
            Assert.Equal(state, back);
        }
        Assert.True(ZoneState.Installed.CanBoot);
        Assert.False(ZoneState.Running.CanBoot);
        Assert.False(ZoneState.Configured.CanBoot);
        Assert.False(ZoneState.Installed.CanHalt);
        Assert.True(ZoneState.Down.CanHalt);
    }
}
