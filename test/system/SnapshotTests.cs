using Xunit;

namespace Lumos.SystemTests;

/// <summary>Snapshots of a VM on the real pool, its configuration in them.</summary>
[Collection("06 lifecycle")]
public sealed class SnapshotTests(Suite suite) : LiveTest(suite)
{
    [Fact]
    public void A_VM_goes_back_to_a_snapshot_with_files_and_configuration()
    {
        _ = Suite.NativeZone;
        var vm = Zone.Create(Payloads.Bare("before", Suite.ImageUuid("lumos-base")));
        try
        {
            Zone.WaitForZone(vm, Suite.Patient(60));
            Ok(Zone.Zlogin(vm, "sh", "-c", "echo first > /root/kept"));
            Ok(Zone.Run("vmadm", "create-snapshot", $"{vm}", "one%1"));
            Assert.Contains("already", Fails(1, Zone.Run("vmadm", "create-snapshot", $"{vm}", "one%1")));

            Ok(Zone.Zlogin(vm, "sh", "-c", "echo second > /root/kept"));
            Ok(Zone.Run("vmadm", "update", $"{vm}", "alias=after"));
            Ok(Zone.Run("vmadm", "create-snapshot", $"{vm}", "two"));
            Assert.Equal(["one%1", "two"], Names(vm));

            Ok(Zone.Run("vmadm", "rollback-snapshot", $"{vm}", "one%1"));
            Zone.WaitForZone(vm, Suite.Patient(60));
            Assert.Equal("first", Ok(Zone.Zlogin(vm, "cat", "/root/kept")));
            Assert.Equal("before", (string?)Zone.Get(vm)!["alias"]);
            Assert.Equal(["one%1"], Names(vm));

            Ok(Zone.Run("vmadm", "stop", $"{vm}", "-F"));
            Ok(Zone.Run("vmadm", "rollback-snapshot", "--keep-state", $"{vm}", "one%1"));
            Assert.Equal("stopped", (string?)Zone.Get(vm)!["state"]);
            Ok(Zone.Run("vmadm", "delete-snapshot", $"{vm}", "one%1"));
            Assert.Empty(Names(vm));
            Assert.Equal("", Ok(Zone.Run("zfs", "list", "-H", "-t", "snapshot", "-r", $"zones/{vm}")));
        }
        finally
        {
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        }
        AssertConsistent();
        Assert.DoesNotContain($"{vm}", Ok(Zone.Run("cat", "/proc/mounts")));
    }

    [Fact]
    public void What_cannot_be_is_refused_by_name()
    {
        string none = Guid.NewGuid().ToString(), vm = Suite.NativeZone.ToString();
        Assert.Contains(none, Fails(1, Zone.Run("vmadm", "create-snapshot", none, "x")));
        Assert.Contains("a/b", Fails(1, Zone.Run("vmadm", "create-snapshot", vm, "a/b")));
        Assert.Contains("nowhere", Fails(1, Zone.Run("vmadm", "rollback-snapshot", vm, "nowhere")));
        Assert.Contains("nowhere", Fails(1, Zone.Run("vmadm", "delete-snapshot", vm, "nowhere")));
        Fails(2, Zone.Run("vmadm", "create-snapshot", vm));
    }

    private string[] Names(Guid vm) => [.. Zone.Get(vm)!["snapshots"]!.AsArray().Select(s => (string)s!["name"]!)];
}
