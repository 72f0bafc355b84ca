using Lumos.Linux.Files;
using Lumos.Linux.Sockets;
using Xunit;

namespace Lumos.Zones.Tests.Host;

/// <summary>The folder by which the metadata agent reaches into a zone, and /native of a zone that brings its own /usr.</summary>
[Trait("level", "host")]
public sealed class ZoneControlHostTests
{
    [Fact]
    public void What_is_made_outside_while_the_zone_is_up_is_seen_inside_and_nothing_can_be_made_there()
    {
        using var zone = new HostZone(new NoLinks(), "::sysinit:/bin/echo booted\n::respawn:/bin/sleep 3600\n");
        zone.Runtime.Boot(zone.Spec);
        string folder = zone.Layout.ControlFolder(zone.Name);
        Assert.NotEqual(0, Sh(zone, "test -e /native/.zonecontrol/metadata.sock"));
        using (UnixSocket.Listen(Path.Combine(folder, "metadata.sock")))
        {
            using var root = RootedDirectory.Open(folder);
            root.SetOwner("metadata.sock", zone.Spec.FirstId, zone.Spec.FirstId);
            Assert.Equal(0, Sh(zone, "test -S /native/.zonecontrol/metadata.sock && test \"$(stat -c %u:%a /native/.zonecontrol/metadata.sock)\" = 0:600"));
            Assert.NotEqual(0, Sh(zone, "touch /native/.zonecontrol/x"));
            Assert.NotEqual(0, Sh(zone, "mount -o remount,rw,bind /native/.zonecontrol"));
            Assert.NotEqual(0, Sh(zone, "mkdir /tmp/m && mount --bind /native/.zonecontrol /tmp/m && mount -o remount,rw,bind /tmp/m && touch /tmp/m/x"));
        }
        Assert.Equal(["metadata.sock"], Directory.GetFileSystemEntries(folder).Select(Path.GetFileName));
        zone.Runtime.Halt(zone.Name);
        Assert.Empty(zone.Leaks());
    }

    [Fact]
    public void Native_is_laid_out_as_a_root_with_usr()
    {
        using var zone = new HostZone(new NoLinks());
        zone.Runtime.Boot(zone.Spec);
        foreach (string path in (string[])["/native/bin/busybox", "/native/usr/bin/busybox", "/native/usr/lib/lumos/zonename", "/native/lib/lumos/zonename"])
        {
            Assert.Equal(0, Sh(zone, $"test -f {path}"));
        }
        Assert.Equal(0, Sh(zone, $"test \"$(cat /native/usr/lib/lumos/zonename)\" = {zone.Name}"));
        Assert.NotEqual(0, Sh(zone, "ln -s /x /native/x"));
    }

    private static int Sh(HostZone zone, string script) => zone.Runtime.Exec(zone.Name, new ZoneCommand
    {
        Argv = ["/bin/busybox", "sh", "-c", script],
        Environment = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("PATH", "/bin"),
    });
}
