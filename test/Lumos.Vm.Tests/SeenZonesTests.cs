using Lumos.Vm.Lifecycle;
using Lumos.Zones;
using Lumos.Zones.Config;
using Xunit;

namespace Lumos.Vm.Tests;

public sealed class SeenZonesTests
{
    private readonly SeenZones _seen = new();
    private readonly ZoneIndexEntry _a = Entry("a", ZoneState.Installed), _b = Entry("b", ZoneState.Installed);

    [Fact]
    public void Each_zone_is_looked_at_once_and_again_when_its_entry_changes()
    {
        Assert.Equal([_a, _b], _seen.Changed([_a, _b]));
        Assert.Empty(_seen.Changed([_a, _b]));
        var changed = _b with { State = ZoneState.Incomplete };
        Assert.Equal([changed], _seen.Changed([_a, changed]));
    }

    [Fact]
    public void One_whose_look_failed_is_looked_at_again()
    {
        _seen.Changed([_a, _b]);
        _seen.Forget("b");
        Assert.Equal([_b], _seen.Changed([_a, _b]));
    }

    [Fact]
    public void One_that_was_deleted_and_made_anew_is_looked_at()
    {
        _seen.Changed([_a, _b]);
        Assert.Empty(_seen.Changed([_a]));
        Assert.Equal([_b], _seen.Changed([_a, _b]));
    }

    [Fact]
    public void After_lost_events_all_are_looked_at()
    {
        _seen.Changed([_a, _b]);
        _seen.Clear();
        Assert.Equal([_a, _b], _seen.Changed([_a, _b]));
    }

    private static ZoneIndexEntry Entry(string name, ZoneState state) => new(ZoneName.Parse(name), state, "/zones/" + name, name);
}
