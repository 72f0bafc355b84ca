using Lumos.Drivers.Datasets;
using Xunit;

namespace Lumos.Drivers.Tests.Datasets;

public class ZfsReceiveTests
{
    private static readonly DatasetName Name = DatasetName.Parse("zones/new");

    private static string Words(ReceiveOptions options, bool resumes = false) => string.Join(' ', ZfsDatasets.ReceiveWords("zfs", Name, options, resumes));

    [Fact]
    public void What_is_not_to_be_taken_from_a_stream_is_excluded_by_name() =>
        Assert.Equal("zfs receive -u -x refreservation -x imgadm:ignore -o origin=zones/base@final zones/new",
            Words(new() { Without = ["refreservation", "imgadm:ignore"], Origin = DatasetName.Parse("zones/base").At("final") }));

    [Fact]
    public void What_is_set_is_set_and_one_that_is_resumed_got_all_when_it_began()
    {
        var options = new ReceiveOptions { Resumable = true, Mount = true, Properties = new Dictionary<string, string> { ["quota"] = "1" }, Without = ["sharenfs"] };
        Assert.Equal("zfs receive -s -o quota=1 -x sharenfs zones/new", Words(options));
        Assert.Equal("zfs receive -s zones/new", Words(options, resumes: true));
    }

    [Fact]
    public void An_increment_takes_the_place_of_what_changed() =>
        Assert.Equal("zfs receive -u -F zones/new", Words(new() { Onto = Name.At("before") }));
}
