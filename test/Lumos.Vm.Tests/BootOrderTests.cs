using Lumos.Vm.Lifecycle;
using Lumos.Zones;
using Xunit;

namespace Lumos.Vm.Tests;

public sealed class BootOrderTests : IDisposable
{
    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void The_higher_priority_boots_first_and_stops_last()
    {
        string low = Stopped(-5), high = Stopped(10), middle = Stopped(0), high2 = Stopped(10);
        Assert.Equal(0, new AllZones(_machine.Host).Boot());
        string[] boots = [.. _machine.Runtime.Calls.Where(c => c.StartsWith("boot ", StringComparison.Ordinal)).Select(c => c[5..])];
        Assert.Equal(new[] { high, high2 }.Order(), boots[..2].Order());
        Assert.Equal([middle, low], boots[2..]);

        _machine.Runtime.Calls.Clear();
        Assert.Equal(0, new AllZones(_machine.Host).Stop(TimeSpan.FromSeconds(120)));
        string[] stops = [.. _machine.Runtime.Calls.Select(c => c.Split(' ')[1])];
        Assert.Equal([low, middle], stops[..2]);
        Assert.Equal(new[] { high, high2 }.Order(), stops[2..].Order());
    }

    [Fact]
    public void A_delay_passes_before_the_next_lower_priority_and_not_after_the_last()
    {
        Stopped(5, delay: 30);
        Stopped(5, delay: 10);
        string next = Stopped(0, delay: 60);
        var pauses = new List<TimeSpan>();
        Assert.Equal(0, new AllZones(_machine.Host)
        {
            Pause = time =>
            {
                pauses.Add(time);
                Assert.Equal("stopped", (string?)_machine.Get(next)["state"]);
            },
        }.Boot());
        Assert.InRange(Assert.Single(pauses), TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30));
        Assert.Equal("running", (string?)_machine.Get(next)["state"]);
    }

    [Fact]
    public void Nobody_waits_for_what_did_not_boot_and_the_others_have_their_turn()
    {
        Stopped(5, delay: 30);
        Stopped(0);
        _machine.Runtime.BootFailure = new Core.LumosException("ZoneBootFailed", "no such init");
        Assert.Equal(2, new AllZones(_machine.Host) { Pause = _ => Assert.Fail("a wait for nothing") }.Boot());
    }

    [Fact]
    public void The_stubborn_of_one_priority_take_no_time_from_the_others()
    {
        string low = Stopped(0), high = Stopped(1);
        new AllZones(_machine.Host).Boot();
        _machine.Runtime.Stubborn[low] = true;
        _machine.Runtime.Calls.Clear();
        Assert.Equal(0, new AllZones(_machine.Host).Stop(TimeSpan.FromSeconds(80)));
        // 60 seconds for two groups; the fake does not really wait, so all that is left is the second's.
        Assert.Equal([$"shutdown {low} Halt 30", $"halt {low}", $"shutdown {high} Halt 60"], _machine.Runtime.Calls);
    }

    [Theory]
    [InlineData(60, 3, 20)]
    [InlineData(60, 1, 60)]
    [InlineData(0, 2, 0)]
    [InlineData(-5, 2, 0)]
    public void A_group_gets_an_equal_share_of_what_is_left(int left, int groups, int share) =>
        Assert.Equal(share, BootOrder.Share(TimeSpan.FromSeconds(left), groups).TotalSeconds);

    [Fact]
    public void Both_are_properties_with_bounds_and_columns()
    {
        string uuid = Stopped(7, delay: 3);
        Assert.Equal("7:3\n", _machine.Vmadm(null, "list", "-p", "-o", "boot_priority,boot_delay").Out);
        Assert.Equal($"{uuid}\n", _machine.Vmadm(null, "lookup", "boot_priority=7").Out);
        Assert.Equal(0, _machine.Vmadm(null, "update", uuid, "boot_priority=-7", "boot_delay=0").Status);
        var vm = _machine.Get(uuid);
        Assert.Equal((-7, 0), ((int)vm["boot_priority"]!, (int)vm["boot_delay"]!));
        Assert.Equal(1, _machine.Vmadm(null, "update", uuid, "boot_priority=1001").Status);
        Assert.Equal(1, _machine.Vmadm(null, "update", uuid, "boot_delay=-1").Status);
    }

    [Fact]
    public void Many_boot_and_stop_a_few_at_a_time()
    {
        for (int i = 0; i < 40; i++)
        {
            Stopped(i % 3);
        }
        int up = 0, most = 0;
        _machine.Runtime.OnBoot = _ =>
        {
            most = Math.Max(most, Interlocked.Increment(ref up));
            Thread.Yield();
            Interlocked.Decrement(ref up);
        };
        Assert.Equal(0, new AllZones(_machine.Host).Boot());
        Assert.InRange(most, 1, Environment.ProcessorCount * 2);
        Assert.Equal(40, _machine.Host.Zones.ReadIndex().Zones.Count(e => _machine.Host.Runtime.Status(e.Name).State == ZoneState.Running));
        Assert.Equal(0, new AllZones(_machine.Host).Stop(TimeSpan.FromSeconds(100)));
        Assert.Equal(40, _machine.Host.Zones.ReadIndex().Zones.Count(e => _machine.Host.Runtime.Status(e.Name).State == ZoneState.Installed));
    }

    /// <summary>A VM with autoboot that is not up, as after the machine's boot.</summary>
    private string Stopped(int priority, int delay = 0)
    {
        string uuid = _machine.Create($$""", "autoboot": false, "boot_priority": {{priority}}, "boot_delay": {{delay}}""");
        var name = ZoneName.Parse(uuid);
        _machine.Host.Zones.Save(_machine.Host.Zones.Load(name) with { Autoboot = true });
        return uuid;
    }
}
