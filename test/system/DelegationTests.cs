using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>Zones with a dataset of their own, on the real ZFS: what their root can do with it, and that it can do nothing else.</summary>
[Collection("06b delegation")]
public sealed class DelegationTests(Suite suite) : LiveTest(suite)
{
    [Fact]
    public void Root_of_a_native_zone_does_with_its_dataset_what_it_likes_and_nothing_with_any_other()
    {
        _ = Suite.NativeZone;
        var vm = Create(Payloads.Bare("delegated", Suite.ImageUuid("lumos-base")), limits: true);
        string data = $"zones/{vm}/data";
        try
        {
            Assert.Equal($"""["{data}"]""", Zone.Get(vm)!["datasets"]!.ToJsonString());
            Assert.Equal((16384, "gzip", 3, 4),
                ((int)Zone.Get(vm)!["zfs_data_recsize"]!, (string?)Zone.Get(vm)!["zfs_data_compression"], (int)Zone.Get(vm)!["zfs_snapshot_limit"]!, (int)Zone.Get(vm)!["zfs_filesystem_limit"]!));

            // What it sees: its own and the way there.
            Assert.Equal($"zones\nzones/{vm}\n{data}", Ok(In(vm, "zfs list -H -o name")));
            Assert.Equal("zones", Ok(In(vm, "zpool list -H -o name")));
            Assert.Equal($"/{data}", Ok(In(vm, $"zfs get -H -o value mountpoint {data}")));

            // What it does: files, file systems, snapshots, clones, properties; volumes it can make, too.
            Ok(In(vm, $"echo rows > /{data}/rows && test \"$(stat -c %u:%g /{data}/rows)\" = 0:0 && chown 1000:1000 /{data}/rows"));
            Ok(In(vm, $"zfs create {data}/sub && echo more > /{data}/sub/file && zfs set compression=lz4 quota=10M {data}/sub"));
            Ok(In(vm, $"zfs snapshot -r {data}@one && zfs clone {data}/sub@one {data}/copy && test \"$(cat /{data}/copy/file)\" = more"));
            Ok(In(vm, $"echo changed > /{data}/sub/file && zfs rollback {data}/sub@one && test \"$(cat /{data}/sub/file)\" = more"));
            // A snapshot of the topmost one it can make and see, and no more: OpenZFS to 2.4 (decision 0012).
            Ok(In(vm, $"zfs destroy {data}/copy && zfs destroy {data}/sub@one && test \"$(zfs list -H -o name -t snapshot)\" = {data}@one"));
            Ok(Zone.Run("zfs", "destroy", $"{data}@one"));

            // Its files are of the zone's ids.
            Assert.Equal($"{65536 * (1 + (int)Zone.Get(vm)!["zonedid"]!)}", Ok(Zone.Run("zfs", "get", "-H", "-o", "value", "org.lumos:first-id", data)));

            // Its limits bind it, and not us.
            Ok(In(vm, $"zfs create {data}/two && zfs create {data}/three"));
            Fails(1, In(vm, $"zfs create {data}/four"));
            Ok(In(vm, $"for i in 1 2 3; do zfs snapshot {data}/sub@s$i || exit 9; done"));
            Fails(1, In(vm, $"zfs snapshot {data}/sub@s4"));
            Ok(Zone.Run("vmadm", "create-snapshot", $"{vm}", "beyond"));
            Ok(Zone.Run("vmadm", "update", $"{vm}", "zfs_filesystem_limit=", "zfs_snapshot_limit=20", "zfs_data_compression=zstd"));
            Ok(In(vm, $"zfs create {data}/four && zfs snapshot {data}/sub@s4 && test \"$(zfs get -H -o value compression {data})\" = zstd"));

            foreach (string attempt in Attempts(vm))
            {
                var run = In(vm, attempt + " 2>&1");
                Assert.True(run.Status != 0 && !run.TimedOut, $"\"{attempt}\" succeeded in the zone: {run.Output}");
            }
            Ok(In(vm, "zfs mount -a"));
            Ok(Zone.Run("zfs", "list", "-H", "-o", "name", $"zones/{vm}"));
            Assert.Equal("ONLINE", Ok(Zone.Run("zpool", "list", "-H", "-o", "health", "zones")));
            Assert.Equal("off", Ok(Zone.Run("zfs", "get", "-H", "-o", "value", "zoned", $"zones/{vm}")));

            // The quota of the VM counts it.
            Assert.Contains("quota", Fails(9, In(vm, $"dd if=/dev/urandom of=/tmp/piece bs=1M count=8 2>/dev/null; n=0; while cat /tmp/piece >>/{data}/big; do n=$((n+1)); [ $n -lt 200 ] || exit 0; done; exit 9",
                200)), StringComparison.OrdinalIgnoreCase);
            Ok(In(vm, $"rm -f /{data}/big /tmp/piece"));
        }
        finally
        {
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        }
        AssertConsistent();
        Assert.DoesNotContain($"{vm}", Ok(Zone.Run("cat", "/proc/mounts")));
    }

    [Fact]
    public void It_is_mounted_before_init_runs_survives_boots_and_goes_back_with_a_snapshot()
    {
        var vm = Create(Payloads.Bare("keeper", Suite.ImageUuid("lumos-base")), limits: false);
        string data = $"zones/{vm}/data";
        try
        {
            Ok(In(vm, $"zfs create -o mountpoint=/srv/db {data}/db && echo then > /srv/db/rows && echo then > /{data}/note"));
            Ok(Zone.Run("vmadm", "create-snapshot", $"{vm}", "s"));
            Ok(In(vm, $"echo now > /srv/db/rows && echo now > /{data}/note && zfs create {data}/later"));
            Ok(Zone.Run("vmadm", "reboot", $"{vm}", "-F"));
            Zone.WaitForZone(vm, Suite.Patient(60));
            Assert.Equal("now now", Ok(In(vm, $"echo $(cat /srv/db/rows /{data}/note)")));
            // At the top of init's own list of mounts: there before its first service.
            Assert.Contains($" /{data} zfs rw,", Ok(In(vm, "cat /proc/1/mounts")), StringComparison.Ordinal);

            Ok(Zone.Run("vmadm", "rollback-snapshot", $"{vm}", "s"));
            Zone.WaitForZone(vm, Suite.Patient(60));
            Assert.Equal("then then", Ok(In(vm, $"echo $(cat /srv/db/rows /{data}/note)")));
            Assert.Equal($"{data}\n{data}/db", Ok(In(vm, $"zfs list -H -o name -r {data}")));

            // Mounted over a file of the zone, it is told and the zone boots all the same.
            Ok(In(vm, $"zfs unmount /srv/db && rm -rf /srv && touch /srv"));
            Ok(Zone.Run("vmadm", "reboot", $"{vm}", "-F"));
            Zone.WaitForZone(vm, Suite.Patient(60));
            Assert.Equal("then", Ok(In(vm, $"cat /{data}/note")));
        }
        finally
        {
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        }
        Assert.DoesNotContain($"{vm}", Ok(Zone.Run("zfs", "list", "-H", "-r", "-o", "name", "zones")));
    }

    [Fact]
    public void An_lx_zone_has_the_platforms_zfs_at_native()
    {
        _ = Suite.LxZone;
        var payload = Payloads.Lx("lx-delegated");
        payload["image_uuid"] = Suite.ImageUuid("debian-13").ToString();
        payload.Remove("nics");
        var vm = Create(payload, limits: false);
        string data = $"zones/{vm}/data";
        try
        {
            Assert.Equal($"zones\nzones/{vm}\n{data}", Ok(In(vm, "/native/usr/sbin/zfs list -H -o name")));
            Ok(In(vm, $"echo x > /{data}/file && /native/usr/sbin/zfs create {data}/sub && touch /{data}/sub/y && /native/usr/sbin/zfs snapshot {data}/sub@a"));
            Assert.Equal("systemd", Ok(In(vm, "cat /proc/1/comm")));
        }
        finally
        {
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        }
        // And a zone without a dataset has no way to ZFS at all.
        Fails(1, In(Suite.LxZone, "/native/usr/sbin/zfs list >/dev/null 2>&1 || exit 1"));
        Fails(1, In(Suite.LxZone, "test -e /dev/zfs"));
        Fails(1, In(Suite.NativeZone, "test -e /dev/zfs"));
    }

    [Fact]
    public void The_ids_of_another_machine_become_the_zones_own()
    {
        _ = Suite.NativeZone;
        var vm = Create(Payloads.Bare("ids", Suite.ImageUuid("lumos-base")), limits: false);
        string data = $"zones/{vm}/data";
        try
        {
            Ok(In(vm, $"echo x > /{data}/file && chown 7:8 /{data}/file && chmod 4755 /{data}/file && zfs create {data}/sub && touch /{data}/sub/y"));
            Ok(Zone.Run("vmadm", "stop", $"{vm}", "-F"));
            // As it would come from a machine on which the zone had another range.
            Ok(Zone.Shell($$"""
                mkdir -p /tmp/ids
                each() { n=0; until mount -i -t zfs $1 /tmp/ids; do n=$((n+1)); [ $n -lt 50 ] || exit 9; sleep 0.2; done; (cd /tmp/ids && eval "$2") || exit 8; umount /tmp/ids || exit 7; }
                each {{data}} 'chown -h 9895936:9895936 . && chown 9895943:9895944 file && chmod 4755 file'
                each {{data}}/sub 'chown -h 9895936:9895936 . y'
                zfs set org.lumos:first-id=9895936 {{data}}
                """));
            Ok(Zone.Run("vmadm", "start", $"{vm}"));
            Zone.WaitForZone(vm, Suite.Patient(60));
            Assert.Equal("7 8 4755", Ok(In(vm, $"stat -c '%u %g %a' /{data}/file")));
            Assert.Equal("0 0", Ok(In(vm, $"stat -c '%u %g' /{data}/sub/y")));

            // It can destroy all that is its own. The zone boots without.
            Ok(In(vm, $"zfs destroy -r {data}"));
            Assert.Contains($"boots without {data}", Zone.Run("vmadm", "reboot", $"{vm}", "-F").ErrorOutput, StringComparison.Ordinal);
            Zone.WaitForZone(vm, Suite.Patient(60));
        }
        finally
        {
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        }
    }

    /// <summary>What root of a zone that may use /dev/zfs would try next.</summary>
    private static IEnumerable<string> Attempts(Guid vm)
    {
        string own = $"zones/{vm}", data = own + "/data";
        yield return "zfs list zones/var";
        yield return "zfs get all zones/config";
        yield return "zfs list -t snapshot zones/var";
        yield return $"zfs destroy {own}";
        yield return $"zfs destroy {data}";
        yield return $"zfs set quota=none {own}";
        yield return $"zfs set quota=none {data}";
        yield return $"zfs set snapshot_limit=none {own}";
        yield return $"zfs set filesystem_limit=none {data}";
        yield return $"zfs set zoned=off {data}";
        yield return $"zfs inherit zoned {data}";
        yield return "zfs set compression=off zones";
        yield return "zfs create zones/mine";
        yield return $"zfs create {own}/mine";
        yield return $"zfs snapshot {own}@mine";
        yield return "zfs snapshot -r zones@mine";
        yield return $"zfs rename {data} {own}/other";
        yield return $"zfs rename {data}/two zones/two";
        yield return $"zfs rollback {own}@vmsnap-beyond";
        yield return $"zfs destroy {own}@vmsnap-beyond";
        yield return $"zfs clone {own}@vmsnap-beyond {data}/stolen";
        yield return $"zfs send {own}@vmsnap-beyond > /dev/null";
        yield return $"zfs promote {own}";
        yield return $"mkdir -p /mnt/x && mount -t zfs zones/var /mnt/x";
        yield return $"mkdir -p /mnt/x && mount -t zfs {own} /mnt/x";
        yield return $"mkdir -p /mnt/x && mount -t zfs {own}@vmsnap-beyond /mnt/x";
        yield return $"zfs mount {own}";
        yield return $"zfs allow everyone create {own}";
        yield return $"zfs zone /proc/self/ns/user zones/var";
        yield return $"zfs unzone /proc/self/ns/user {data}";
        yield return "zpool scrub zones";
        yield return "zpool set comment=mine zones";
        yield return "zpool history zones";
        yield return "zpool events";
        yield return "truncate -s 100M /tmp/disk && zpool create mine /tmp/disk";
        yield return "truncate -s 100M /tmp/disk && zpool add -f zones /tmp/disk";
        yield return $"unshare -U -r zfs list {data}";
        yield return "zpool export zones"; // these two unmount first what the zone has mounted
        yield return "zpool destroy -f zones";
    }

    private Guid Create(JsonObject payload, bool limits)
    {
        payload["delegate_dataset"] = true;
        if (limits)
        {
            payload["zfs_data_recsize"] = 16384;
            payload["zfs_data_compression"] = "gzip";
            payload["zfs_snapshot_limit"] = 3;
            payload["zfs_filesystem_limit"] = 4; // data, sub, two, three
        }
        var vm = Zone.Create(payload);
        Zone.WaitForZone(vm, Suite.Patient(60));
        return vm;
    }

    private Lumos.Machine.CommandResult In(Guid vm, string script, int seconds = 60) => Zone.Zlogin(vm, Suite.Patient(seconds), "sh", "-c", script);
}
