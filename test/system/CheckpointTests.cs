using System.Globalization;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>/checkpoints on the real ZFS.</summary>
[Collection("06c checkpoints")]
public sealed class CheckpointTests(Suite suite) : LiveTest(suite)
{
    [Fact]
    public void A_zone_sees_its_snapshots_across_boots_and_deletes_wait_for_nobody_who_has_left()
    {
        _ = Suite.NativeZone;
        var vm = Zone.Create(Payloads.Bare("checkpoints", Suite.ImageUuid("lumos-base")));
        Zone.WaitForZone(vm, Suite.Patient(60));
        try
        {
            Ok(In(vm, "echo first > /root/note"));
            Ok(Zone.Run("vmadm", "create-snapshot", $"{vm}", "one%1"));
            Ok(In(vm, "echo second > /root/note"));
            Ok(Zone.Run("vmadm", "create-snapshot", $"{vm}", "two"));
            Assert.Equal("one%1\ntwo\nfirst\nsecond", Ok(In(vm, "ls /checkpoints; cat /checkpoints/one%1/root/note /checkpoints/two/root/note")));
            Assert.Equal("0 0", Ok(In(vm, "stat -c '%u %g' /checkpoints/two/root/note")));
            foreach (string attempt in (string[])["echo x > /checkpoints/two/root/note", "mount -o remount,rw,bind /checkpoints/two", "mkdir /checkpoints/x", "ls /checkpoints/two/../../config"])
            {
                Assert.True(In(vm, $"( {attempt} ) >/dev/null 2>&1 || exit 3").Status == 3, attempt);
            }

            Ok(Zone.Run("vmadm", "reboot", $"{vm}", "-F"));
            Zone.WaitForZone(vm, Suite.Patient(60));
            Assert.Equal("one%1\ntwo", Ok(In(vm, "ls /checkpoints")));
            Ok(Zone.Run("zoneadm", "-z", $"{vm}", "reboot"));
            Zone.WaitForZone(vm, Suite.Patient(60));
            Assert.Equal("one%1\ntwo", Ok(In(vm, "ls /checkpoints")));

            // Somebody in the zone holds a file of one: it is told, and still there.
            Ok(In(vm, "setsid sleep 1000 < /checkpoints/two/root/note > /dev/null 2>&1 & echo $! > /root/pid"));
            Assert.Contains("/checkpoints/two", Fails(1, Zone.Run("vmadm", "delete-snapshot", $"{vm}", "two")));
            Assert.Equal("second", Ok(In(vm, "cat /checkpoints/two/root/note")));
            Ok(In(vm, "pkill sleep"));
            Ok(Zone.Run("vmadm", "delete-snapshot", $"{vm}", "two"));
            Assert.Equal("one%1", Ok(In(vm, "ls /checkpoints")));

            Ok(Zone.Run("vmadm", "rollback-snapshot", $"{vm}", "one%1"));
            Zone.WaitForZone(vm, Suite.Patient(60));
            Assert.Equal("first one%1", Ok(In(vm, "echo $(cat /root/note) $(ls /checkpoints)")));
        }
        finally
        {
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        }
        Assert.DoesNotContain($"{vm}", Ok(Zone.Run("cat", "/proc/mounts")));
    }

    [Fact]
    public void A_hundred_snapshots_hold_up_no_boot()
    {
        _ = Suite.NativeZone; // the image is imported
        var vm = Zone.Create(Payloads.Bare("hundred", Suite.ImageUuid("lumos-base")));
        Zone.WaitForZone(vm, Suite.Patient(60));
        try
        {
            Ok(Zone.Run("vmadm", "stop", $"{vm}", "-F"));
            double without = Boot(vm);
            Ok(Zone.Run("vmadm", "stop", $"{vm}", "-F"));
            Ok(Zone.Shell($"for i in $(seq -w 1 100); do zfs snapshot zones/{vm}@vmsnap-s$i || exit 9; done"));
            double with = Boot(vm);
            Assert.Equal("32 s069 s100", Ok(In(vm, "echo $(ls /checkpoints | wc -l) $(ls /checkpoints | sed -n '1p;$p')")));
            TestContext.Current.TestOutputHelper?.WriteLine($"start took {without:0.0} s without, {with:0.0} s with 100 snapshots");
            Assert.True(with < without + 5 * Suite.Accelerator.Patience, $"start took {without:0.0} s without, {with:0.0} s with 100 snapshots");
        }
        finally
        {
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        }
        AssertConsistent();
    }

    private double Boot(Guid vm)
    {
        double[] times = [.. Lines(Ok(Zone.Shell($"cut -d' ' -f1 /proc/uptime; vmadm start {vm} 2>/dev/null || exit 9; cut -d' ' -f1 /proc/uptime")))
            .Select(line => double.Parse(line, CultureInfo.InvariantCulture))];
        return times[1] - times[0];
    }

    private Lumos.Machine.CommandResult In(Guid vm, string script) => Zone.Zlogin(vm, Suite.Patient(60), "sh", "-c", script);
}
