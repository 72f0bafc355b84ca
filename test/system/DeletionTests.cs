using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>What keeps a VM from being deleted on the real pool, and what is kept of it.</summary>
[Collection("06 lifecycle")]
public sealed class DeletionTests(Suite suite) : LiveTest(suite)
{
    [Fact]
    public void An_archive_outlives_its_VM()
    {
        _ = Suite.NativeZone;
        var payload = Payloads.Bare("archived", Suite.ImageUuid("lumos-base"));
        payload["archive_on_delete"] = true;
        payload["indestructible_zoneroot"] = true;
        var vm = Zone.Create(payload);
        Zone.WaitForZone(vm, Suite.Patient(60));
        Ok(Zone.Zlogin(vm, "sh", "-c", "mkdir -p /var/svc/log; echo sentence > /var/svc/log/mine.log; ln -s /etc/shadow /var/svc/log/link.log; mkfifo /var/svc/log/pipe"));
        Ok(Zone.Run("sh", "-c", $"echo core > /zones/{vm}/cores/core.1"));

        Assert.Contains($"\"vmadm update {vm} indestructible_zoneroot=false\"", Fails(1, Zone.Run("vmadm", "delete", $"{vm}")));
        Ok(Zone.Run("vmadm", "update", $"{vm}", "indestructible_zoneroot=false"));

        Ok(Zone.Run("zfs", "snapshot", $"zones/{vm}@backup"));
        Ok(Zone.Run("zfs", "hold", "keep", $"zones/{vm}@backup"));
        Assert.Contains($"zones/{vm}@backup is held", Fails(1, Zone.Run("vmadm", "delete", $"{vm}")));
        Ok(Zone.Run("zfs", "release", "keep", $"zones/{vm}@backup"));
        Ok(Zone.Run("zfs", "clone", $"zones/{vm}@backup", "zones/backup-of-it"));
        Assert.Contains("zones/backup-of-it", Fails(1, Zone.Run("vmadm", "delete", $"{vm}")));
        Ok(Zone.Run("zfs", "destroy", "zones/backup-of-it"));
        Assert.Equal("running", (string?)Zone.Get(vm)!["state"]);

        Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        string place = $"/zones/archive/{vm}";
        Assert.Equal("archived", (string?)JsonNode.Parse(Ok(Zone.Run("cat", $"{place}/vm.json")))!["alias"]);
        Assert.Equal("sentence", Ok(Zone.Run("cat", $"{place}/svclogs/mine.log")));
        Assert.Equal("core", Ok(Zone.Run("cat", $"{place}/cores/core.1")));
        Assert.Contains($"zones/{vm}@backup\tcreatetxg", Ok(Zone.Run("cat", $"{place}/zfs.dump")));
        Assert.Equal("", Ok(Zone.Run("sh", "-c", $"ls -d {place}/svclogs/link.log {place}/svclogs/pipe /zones/archive/*.unfinished 2>/dev/null || true")));
        Assert.Equal("zones/archive", Ok(Zone.Run("zfs", "list", "-H", "-o", "name", "/zones/archive")));
        AssertConsistent();
        Ok(Zone.Run("rm", "-rf", place));
    }
}
