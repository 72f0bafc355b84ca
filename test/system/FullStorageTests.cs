using System.Text.Json.Nodes;
using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>Storage that takes no more: a zone at its quota. What cannot be done says so and leaves nothing.</summary>
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

    private CommandResult In(Guid vm, string script) => Zone.Zlogin(vm, Suite.Patient(120), "sh", "-c", script);
}
