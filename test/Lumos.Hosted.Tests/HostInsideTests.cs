using Lumos.Drivers.Tools;
using Lumos.Hosted.Applets;
using Xunit;

namespace Lumos.Hosted.Tests;

public class HostInsideTests
{
    private static HostInside Ask(string? failing = null) => HostInside.Ask(argv => argv[0] == failing
        ? new ToolResult(argv, 1, "", $"{failing}: it is not there\n")
        : new ToolResult(argv, 0, argv[0] switch
        {
            "readlink" => "/.host/var/lib/lumos/platform/etc/version\n",
            "lumos" => """{"size":4294967296,"free":3221225472,"health":"ONLINE"}""",
            "vmadm" => "running\nstopped\nrunning\n",
            "svcs" => "online         svc:/system/zones:default\nmaintenance    svc:/network/ssh:default\n",
            _ => throw new InvalidOperationException(argv[0]),
        }, ""));

    [Fact]
    public void Everything_that_answers_is_told()
    {
        var inside = Ask();
        Assert.Equal("/var/lib/lumos/platform/usr/sbin", inside.Commands);
        Assert.Equal("4 GiB, 3 GiB free", inside.Pool!.Text);
        Assert.Equal(["VMs:      3 (2 running, 1 stopped)", "services: in maintenance: svc:/network/ssh:default"], inside.Lines());
    }

    [Fact]
    public void What_does_not_answer_is_said_and_is_not_none()
    {
        var inside = Ask("vmadm");
        Assert.Null(inside.Vms);
        Assert.NotNull(inside.Pool);
        Assert.Equal(["services: in maintenance: svc:/network/ssh:default", "the VMs cannot be asked: vmadm: it is not there"], inside.Lines());
    }

    [Fact]
    public void A_pool_that_is_not_well_says_so() =>
        Assert.Equal("1 GiB, 512 MiB free, DEGRADED", HostInside.PoolOf("""{"size":1073741824,"free":536870912,"health":"DEGRADED"}""").Text);
}
