using Xunit;

namespace Lumos.SystemTests;

/// <summary>A VM gets a fresh root on the real pool; what was delegated stays.</summary>
[Collection("06 lifecycle")]
public sealed class ReprovisionTests(Suite suite) : LiveTest(suite)
{
    [Fact]
    public void The_root_is_new_and_what_lies_below_stays()
    {
        _ = Suite.NativeZone;
        string image = $$"""{"image_uuid": "{{Suite.ImageUuid("lumos-base")}}"}""";
        var vm = Zone.Create(Payloads.Bare("again", Suite.ImageUuid("lumos-base")));
        try
        {
            Zone.WaitForZone(vm, Suite.Patient(60));
            Ok(Zone.Zlogin(vm, "sh", "-c", "echo dirt > /root/dirt"));
            Ok(Zone.Run("zfs", "create", "-o", "zoned=on", $"zones/{vm}/data"));
            Ok(Zone.Run("zfs", "snapshot", $"zones/{vm}/data@tenant"));
            Ok(Zone.Run("zfs", "create", $"zones/{vm}/plain"));
            Ok(Zone.Run("sh", "-c", $"echo kept > /zones/{vm}/plain/file; echo core > /zones/{vm}/cores/core.1"));
            Ok(Zone.Run("vmadm", "create-snapshot", $"{vm}", "lost"));

            Assert.Contains("lost", Fails(1, Zone.RunWith(image, "vmadm", "reprovision", "--strict", $"{vm}")));
            string said = Told(Zone.RunWith(image, "vmadm", "reprovision", $"{vm}"));
            Assert.Contains("the snapshots of the old root are destroyed with it: lost", said);
            Assert.EndsWith($"Successfully reprovisioned VM {vm}", said);
            Assert.Equal("running", (string?)Zone.Get(vm)!["state"]);
            Assert.NotEqual(0, Zone.Zlogin(vm, "test", "-e", "/root/dirt").Status);
            Assert.Equal("again", (string?)Zone.Get(vm)!["alias"]);
            Assert.Equal("kept", Ok(Zone.Run("cat", $"/zones/{vm}/plain/file")));
            Assert.Equal("core", Ok(Zone.Run("cat", $"/zones/{vm}/cores/core.1")));
            Assert.Equal("on", Ok(Zone.Run("zfs", "get", "-H", "-o", "value", "zoned", $"zones/{vm}/data")));
            Assert.Equal($"zones/{vm}/data@tenant", Ok(Zone.Run("zfs", "list", "-H", "-o", "name", "-t", "snapshot", "-r", $"zones/{vm}")));
            Assert.Equal("on", Ok(Zone.Run("zfs", "get", "-H", "-o", "value", "canmount", $"zones/{vm}")));
            AssertNothingAside(vm);

            Ok(Zone.Run("vmadm", "stop", $"{vm}", "-F"));
            Ok(Zone.RunWith(image, "vmadm", "reprovision", "--keep-state", $"{vm}"));
            Assert.Equal("stopped", (string?)Zone.Get(vm)!["state"]);
            Ok(Zone.Run("vmadm", "start", $"{vm}"));
            Zone.WaitForZone(vm, Suite.Patient(60));
        }
        finally
        {
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        }
        AssertNothingAside(vm);
        AssertConsistent();
    }

    [Fact]
    public void A_zone_of_Linux_too()
    {
        _ = Suite.LxZone;
        var payload = Payloads.Lx("again");
        payload["image_uuid"] = $"{Suite.ImageUuid("debian-13")}";
        payload["autoboot"] = false;
        var vm = Zone.Create(payload);
        try
        {
            Ok(Zone.Run("touch", $"/zones/{vm}/root/dirt"));
            Assert.Contains("brand joyent takes this one",
                Fails(1, Zone.RunWith($$"""{"image_uuid": "{{Suite.ImageUuid("lumos-base")}}"}""", "vmadm", "reprovision", $"{vm}")));
            Ok(Zone.RunWith($$"""{"image_uuid": "{{Suite.ImageUuid("debian-13")}}"}""", "vmadm", "reprovision", "--keep-state", $"{vm}"));
            Assert.NotEqual(0, Zone.Run("test", "-e", $"/zones/{vm}/root/dirt").Status);
            Assert.Equal("again", Ok(Zone.Run("cat", $"/zones/{vm}/root/etc/hostname")));
            Assert.Equal("stopped", (string?)Zone.Get(vm)!["state"]);
        }
        finally
        {
            Ok(Zone.Run("vmadm", "delete", $"{vm}"));
        }
        AssertNothingAside(vm);
    }

    private void AssertNothingAside(Guid vm)
    {
        Assert.DoesNotContain("reprovisioning", Ok(Zone.Run("zfs", "list", "-H", "-o", "name")));
        Assert.DoesNotContain("reprovisioning", Ok(Zone.Run("cat", "/proc/mounts")));
        Assert.Equal("", Ok(Zone.Run("sh", "-c", $"ls -d /zones/{vm}-* 2>/dev/null || true")));
    }

    private static string Told(Machine.CommandResult run)
    {
        Ok(run);
        return run.ErrorOutput.Trim();
    }
}
