using Lumos.Zones.Bundle;
using Xunit;

namespace Lumos.Zones.Tests;

public sealed class PrivilegeTests
{
    [Fact]
    public void Default_is_what_a_zone_has() => Assert.Equal(SecurityProfile.Capabilities, Privileges.Of(["default"]).Capabilities);

    [Fact]
    public void Nothing_said_is_default() => Assert.Equal(SecurityProfile.Capabilities, Privileges.Of([]).Capabilities);

    [Fact]
    public void Every_capability_of_a_zone_can_be_taken_away_and_none_other_is_named() =>
        Assert.Equal(SecurityProfile.Capabilities.Order(), Privileges.Table.SelectMany(row => row.Capabilities).Distinct().Order());

    [Fact]
    public void No_name_stands_twice() => Assert.Equal(Privileges.Table.Count, Privileges.Table.Select(row => row.Name).Distinct().Count());

    [Theory]
    [InlineData("default,!net_icmpaccess", "CAP_NET_RAW")]
    [InlineData("default,-file_dac_write", "CAP_DAC_OVERRIDE")]
    [InlineData("default,!PRIV_PROC_SETID", "CAP_SETPCAP,CAP_SETGID,CAP_SETUID")]
    [InlineData("none,default,!proc_owner", "CAP_KILL,CAP_SYS_PTRACE")]
    [InlineData("default,!proc_owner,proc_owner", "")]
    public void What_is_taken_away_takes_its_capabilities(string words, string gone)
    {
        var set = Privileges.Of(words.Split(','));
        Assert.Empty(set.Faults);
        Assert.Equal(gone.Split(',', StringSplitOptions.RemoveEmptyEntries).Order(), SecurityProfile.Capabilities.Except(set.Capabilities).Order());
    }

    [Fact]
    public void A_list_of_its_own_gives_only_what_is_listed()
    {
        var set = Privileges.Of(["basic", "sys_mount", "sys_ip_config", "file_chown"]);
        Assert.Empty(set.Faults);
        Assert.Equal(["CAP_CHOWN", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_SYS_ADMIN"], set.Capabilities);
    }

    [Fact]
    public void What_nothing_answers_to_is_told() =>
        Assert.Equal(["dtrace_user", "sys_time", "net_access"], Privileges.Of(["default", "dtrace_user", "sys_time", "!net_access"]).WithoutEffect);
}
