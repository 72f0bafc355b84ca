using System.Collections.Immutable;
using Lumos.Zones.Bundle;
using Lumos.Zones.Runtime;
using Xunit;

namespace Lumos.Zones.Tests.Host;

/// <summary>Limits that are a namespace's or a process's. Needs what <see cref="EscapeHostTests"/> needs.</summary>
[Trait("level", "host")]
public sealed class LimitHostTests
{
    [Fact]
    public void System_V_IPC_ends_at_the_zones_limits_which_can_be_changed_from_outside()
    {
        using var zone = new HostZone(new NoLinks());
        zone.PutProbe();
        var spec = zone.Spec with { Ipc = new ZoneIpc(8L << 20, 5, 6, 7) };
        zone.Runtime.Boot(spec);
        Assert.Equal("5 ENOSPC", zone.Output("/probe bomb shm 0"));
        Assert.Equal("6 ENOSPC", zone.Output("/probe bomb sem 0"));
        Assert.Equal("7 ENOSPC", zone.Output("/probe bomb msg 0"));

        ZoneIpcLimits.Apply(spec with { Ipc = new ZoneIpc(8L << 20, 9, 10, 11) }, zone.Runtime.Status(zone.Name).InitPid!.Value);
        Assert.Equal("4 ENOSPC", zone.Output("/probe bomb shm 0"));
        Assert.Equal("4 ENOSPC", zone.Output("/probe bomb sem 0"));
        Assert.Equal("4 ENOSPC", zone.Output("/probe bomb msg 0"));
        Assert.NotEqual("8388608", File.ReadAllText("/proc/sys/kernel/shmmax").Trim()); // not the machine's own
    }

    [Fact]
    public void Shared_memory_has_a_size()
    {
        using var zone = new HostZone(new NoLinks());
        zone.PutProbe();
        zone.Runtime.Boot(zone.Spec with { Ipc = new ZoneIpc(SharedBytes: 8L << 20) });
        Assert.Equal("done", zone.Output($"/probe shm {7 << 20}"));
        Assert.Equal("EINVAL", zone.Output($"/probe shm {9 << 20}"));
    }

    [Fact]
    public void A_privilege_that_is_taken_away_is_gone_for_init_and_for_what_is_started_from_outside()
    {
        using var zone = new HostZone(new NoLinks());
        zone.Runtime.Boot(zone.Spec);
        Assert.Equal("in", zone.Output("/bin/busybox chroot / /bin/echo in"));
        zone.Runtime.Halt(zone.Name);
        zone.Runtime.Boot(zone.Spec with { Capabilities = Privileges.Of(["default", "!proc_priocntl", "-proc_chroot"]).Capabilities });
        Assert.Contains("Operation not permitted", zone.Output("/bin/busybox chroot / /bin/echo in"), StringComparison.Ordinal);
        string[] sets = zone.Output("grep -h -E 'Cap(Eff|Bnd)' /proc/1/status /proc/self/status").Split('\n');
        Assert.Equal(4, sets.Length);
        foreach (string set in sets)
        {
            ulong bits = Convert.ToUInt64(set.Split('\t')[1], 16);
            Assert.Equal(0ul, bits & ((1ul << 18 /* SYS_CHROOT */) | (1ul << 23 /* SYS_NICE */)));
            Assert.NotEqual(0ul, bits & (1ul << 21 /* SYS_ADMIN */));
        }
    }
}
