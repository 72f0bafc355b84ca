using System.Text.Json.Nodes;
using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>Storage that takes no more: a zone at its quota, a pool that is full, a pool that is read-only. What cannot be done says so and leaves nothing.</summary>
[Collection("07b full storage")]
public sealed class FullStorageTests(Suite suite) : LiveTest(suite)
{
    private const string Metadata = """{"alias": "renamed", "set_customer_metadata": {"key": "value"}}""";

    [Fact]
    public void A_zone_at_its_quota_stops_starts_and_is_given_more()
    {
        var vm = Create("at-quota", payload =>
        {
            payload["maintain_resolvers"] = true;
            payload["resolvers"] = new JsonArray("10.0.2.3");
        });
        string full = $"VM {vm} has used up its quota";
        try
        {
            Ok(Zone.Run("vmadm", "create-snapshot", $"{vm}", "before"));
            Ok(Zone.Shell($"zfs set quota=$(( $(zfs get -Hp -o value used zones/{vm}) + 8388608 )) zones/{vm}"));
            Assert.Contains("quota", Fails(9, In(vm, "dd if=/dev/urandom of=/root/big bs=128k count=400; sync; n=0; while echo x > /root/small$n; do n=$((n+1)); [ $n -lt 2000 ] || exit 0; done; exit 9")),
                StringComparison.OrdinalIgnoreCase);

            Ok(Zone.Run("vmadm", "stop", $"{vm}"));
            Ok(Zone.Run("vmadm", "start", $"{vm}"));
            Zone.WaitForZone(vm, Suite.Patient(60));
            Ok(Zone.Run("vmadm", "create-snapshot", $"{vm}", "at-quota"));
            Ok(Zone.Run("vmadm", "update", $"{vm}", "cpu_shares=50"));
            AssertSays(full, Zone.Run("vmadm", "create-snapshot", $"{vm}", "s")); // its configuration is another one now, and finds no room
            AssertSays(full, Zone.RunWith(Metadata, "vmadm", "update", $"{vm}"));
            AssertUntouched(vm, "before", "at-quota");
            Ok(Zone.Run("vmadm", "reboot", $"{vm}", "-F"));
            Zone.WaitForZone(vm, Suite.Patient(60));

            Ok(Zone.Run("vmadm", "update", $"{vm}", "quota=2"));
            AssertWorks(vm);
        }
        finally
        {
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        }
        AssertConsistent();
    }

    [Fact]
    public void A_full_pool_is_named_and_what_makes_room_on_it_works()
    {
        var vm = Create("on-full-pool");
        var other = Zone.Create(Payloads.Bare("in-the-way", Suite.ImageUuid("lumos-base")));
        const string Full = "pool zones is full";
        string payload = Payloads.Bare("too-much", Suite.ImageUuid("lumos-base")).ToJsonString();
        try
        {
            Ok(Zone.Run("vmadm", "create-snapshot", $"{vm}", "before"));
            // What is reserved is as good as written.
            Ok(Zone.Shell("sync; zfs create -o mountpoint=none -o refreservation=$(( $(zfs get -Hp -o value available zones) - 2097152 )) zones/filler && zfs create -o compression=off zones/crumbs || exit 9; "
                + "dd if=/dev/urandom of=/zones/crumbs/most bs=64k 2>/dev/null; sync; n=0; while echo x > /zones/crumbs/$n && [ $n -lt 2000 ]; do n=$((n+1)); done 2>/dev/null; sync"));
            AssertSays(Full, Zone.RunWith(payload, "vmadm", "create"));
            Assert.Null(Zone.FindByAlias("too-much"));
            AssertSays(Full, Zone.Run("vmadm", "create-snapshot", $"{vm}", "s"));
            AssertSays(Full, Zone.RunWith(Metadata, "vmadm", "update", $"{vm}"));
            AssertUntouched(vm, "before");
            Ok(Zone.Run("vmadm", "update", $"{vm}", "cpu_shares=50"));
            Ok(Zone.Run("vmadm", "stop", $"{vm}"));
            Ok(Zone.Run("vmadm", "start", $"{vm}"));
            Zone.WaitForZone(vm, Suite.Patient(60));
            KillDaemons(vm);
            Ok(Zone.Run("vmadm", "delete", $"{other}"));
            AssertConsistent();
        }
        finally
        {
            _ = Zone.Shell("zfs destroy zones/filler; zfs destroy zones/crumbs");
        }
        AssertWorks(vm);
        Ok(Zone.RunWith(payload, "vmadm", "create"));
        Ok(Zone.Run("vmadm", "delete", $"{Zone.FindByAlias("too-much")}"));
        Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        AssertConsistent();
    }

    [Fact]
    public void A_pool_that_is_imported_read_only_is_named_and_goes_on_when_it_is_writable()
    {
        _ = Suite.NativeZone;
        var image = Suite.ImageUuid("lumos-base");
        const string ReadOnly = "pool second is read-only", Disks = "/zones/second-disk";
        Ok(Zone.Shell($"zfs create zones/second-disk && truncate -s 2G {Disks}/disk && zpool create -o cachefile=none second {Disks}/disk"));
        try
        {
            Ok(Zone.Run("imgadm", "import", "-q", "-P", "second", $"{image}"));
            var vm = Create("on-second", payload => payload["zpool"] = "second");
            Ok(Zone.Run("vmadm", "stop", $"{vm}", "-F"));
            Ok(Zone.Shell($"zpool export second && zpool import -d {Disks} -o cachefile=none -o readonly=on second"));

            var another = Payloads.Bare("another", image);
            another["zpool"] = "second";
            AssertSays(ReadOnly, Zone.RunWith(another.ToJsonString(), "vmadm", "create"));
            Assert.Null(Zone.FindByAlias("another"));
            AssertSays(ReadOnly, Zone.Run("vmadm", "create-snapshot", $"{vm}", "s"));
            AssertSays(ReadOnly, Zone.RunWith(Metadata, "vmadm", "update", $"{vm}"));
            AssertUntouched(vm);
            AssertSays(ReadOnly, Zone.Run("vmadm", "start", $"{vm}"));
            Assert.Equal("stopped", (string?)Zone.Get(vm)!["state"]);

            Ok(Zone.Shell($"zpool export second && zpool import -d {Disks} -o cachefile=none second"));
            Ok(Zone.Run("vmadm", "start", $"{vm}"));
            Zone.WaitForZone(vm, Suite.Patient(60));
            AssertWorks(vm);
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
            Ok(Zone.Run("imgadm", "delete", "-P", "second", $"{image}"));
        }
        finally
        {
            Ok(Zone.Shell("zpool destroy -f second; zfs destroy -r zones/second-disk"));
        }
        AssertConsistent();
    }

    private Guid Create(string alias, Action<JsonObject>? change = null)
    {
        _ = Suite.NativeZone; // the image is imported
        var payload = Payloads.Bare(alias, Suite.ImageUuid("lumos-base"));
        change?.Invoke(payload);
        var vm = Zone.Create(payload);
        Zone.WaitForZone(vm, Suite.Patient(60));
        return vm;
    }

    private static void AssertSays(string why, CommandResult run) => Assert.Contains(why, Fails(1, run), StringComparison.Ordinal);

    private void AssertUntouched(Guid vm, params string[] snapshots)
    {
        var now = Zone.Get(vm)!;
        Assert.NotEqual("renamed", (string?)now["alias"]);
        Assert.Equal("{}", now["customer_metadata"]!.ToJsonString());
        Assert.Equal(snapshots.Select(name => $"{now["zpool"]}/{vm}@vmsnap-{name}"), Lines(Ok(Zone.Run("zfs", "list", "-H", "-t", "snapshot", "-o", "name", $"{now["zpool"]}/{vm}"))));
        Assert.Equal("", Ok(Zone.Shell("ls -A /etc/zones/unfinished 2>/dev/null; find /etc/zones -name '.*.tmp'")));
    }

    private void AssertWorks(Guid vm)
    {
        Ok(Zone.Run("vmadm", "create-snapshot", $"{vm}", "s"));
        Ok(Zone.RunWith(Metadata, "vmadm", "update", $"{vm}"));
        Assert.Equal(("renamed", "value"), ((string?)Zone.Get(vm)!["alias"], (string?)Zone.Get(vm)!["customer_metadata"]!["key"]));
        Ok(Zone.Run("vmadm", "delete-snapshot", $"{vm}", "s"));
    }

    /// <summary>Both at once: they come back, the list is right, and the zone has not noticed.</summary>
    private void KillDaemons(Guid vm)
    {
        string init = Ok(In(vm, "cut -d ' ' -f 22 /proc/1/stat"));
        const string Pids = "for p in $(pgrep -x 'vmadmd|vminfod'); do [ $(readlink /proc/$p/ns/pid) = $(readlink /proc/1/ns/pid) ] && echo $p; done; true";
        string[] old = [.. Lines(Ok(Zone.Shell(Pids)))];
        Assert.Equal(2, old.Length);
        Ok(Zone.Run(["kill", "-KILL", .. old]));
        Zone.WaitFor("both daemons again", Suite.Patient(30), () => Lines(Zone.Shell(Pids).Output).Except(old).Count() == 2);
        foreach (string service in (string[])["vmadmd", "vminfod"])
        {
            Zone.WaitFor($"{service} online", Suite.Patient(30), () => Zone.Run("svcs", "-H", "-o", "state", $"svc:/system/smartdc/{service}:default").Output.Trim() == "online");
        }
        Zone.WaitFor("the list", Suite.Patient(30), () => Zone.Run("vmadm", "list", "-H", "-p", "-o", "state", $"uuid={vm}").Output.Trim() == "running");
        Assert.Equal(init, Ok(In(vm, "cut -d ' ' -f 22 /proc/1/stat")));
    }

    private CommandResult In(Guid vm, string script) => Zone.Zlogin(vm, Suite.Patient(120), "sh", "-c", script);
}
