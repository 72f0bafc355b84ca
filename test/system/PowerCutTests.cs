using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>QEMU is killed in the middle of a change; after the next boot the machine is as before the change or as after it.</summary>
[Collection("09 power cut")]
public sealed class PowerCutTests(Suite suite) : LiveTest(suite)
{
    [Fact]
    public void In_the_middle_of_create()
    {
        var uuid = Guid.NewGuid();
        var payload = Payloads.Bare("cut", Suite.ImageUuid("lumos-base"));
        payload["uuid"] = uuid.ToString();
        var creating = Task.Run(() => Zone.RunWith(payload.ToJsonString(), "vmadm", "create"), TestContext.Current.CancellationToken);
        WaitInGuest($"grep -q {uuid} /etc/zones/index");
        Cut(creating);

        WaitUntilSettled(uuid);
        var record = Zone.Get(uuid);
        Assert.Contains((string?)record?["state"] ?? "absent", new[] { "absent", "running", "stopped" });
        AssertConsistent();
        if (record is null)
        {
            Assert.Equal(uuid, Zone.Create(payload)); // nothing of the first attempt is in the way
        }
    }

    [Fact]
    public void In_the_middle_of_start()
    {
        var uuid = Zone.FindByAlias("cut") ?? Zone.Create(Payloads.Bare("cut", Suite.ImageUuid("lumos-base")));
        Ok(Zone.Run("vmadm", "stop", $"{uuid}", "-F"));
        var starting = Task.Run(() => Zone.Run("vmadm", "start", $"{uuid}"), TestContext.Current.CancellationToken);
        WaitInGuest($"[ -e /sys/fs/cgroup/zones/{uuid} ]");
        Cut(starting);

        Assert.Contains((string?)Zone.Get(uuid)?["state"], new[] { "running", "stopped" });
        Ok(Zone.Run("vmadm", "start", $"{uuid}"));
        Zone.WaitForZone(uuid, Suite.Patient(60));
        AssertConsistent();
    }

    [Fact]
    public void In_the_middle_of_delete()
    {
        var uuid = Zone.FindByAlias("cut") ?? Zone.Create(Payloads.Bare("cut", Suite.ImageUuid("lumos-base")));
        Ok(Zone.Run("vmadm", "stop", $"{uuid}", "-F"));
        var deleting = Task.Run(() => Zone.Run("vmadm", "delete", $"{uuid}"), TestContext.Current.CancellationToken);
        WaitInGuest($"! zfs list zones/{uuid} >/dev/null 2>&1 || ! grep -q {uuid}:installed /etc/zones/index");
        Cut(deleting);

        WaitUntilSettled(uuid);
        Assert.Contains((string?)Zone.Get(uuid)?["state"] ?? "absent", new[] { "absent", "stopped" });
        AssertConsistent();
        Zone.WaitForZone(Suite.NativeZone, Suite.Patient(60));
    }

    [Theory]
    [InlineData("new")]
    [InlineData("root")]
    public void In_the_middle_of_reprovision(string aside)
    {
        var uuid = Zone.FindByAlias("cut") ?? Zone.Create(Payloads.Bare("cut", Suite.ImageUuid("lumos-base")));
        Zone.Run("vmadm", "start", $"{uuid}");
        Zone.WaitForZone(uuid, Suite.Patient(60));
        Ok(Zone.Zlogin(uuid, "touch", "/root/dirt"));
        string image = $$"""{"image_uuid": "{{Suite.ImageUuid("lumos-base")}}"}""";
        var reprovisioning = Task.Run(() => Zone.RunWith(image, "vmadm", "reprovision", $"{uuid}"), TestContext.Current.CancellationToken);
        WaitInGuest($"zfs list zones/{uuid}-reprovisioning-{aside} >/dev/null 2>&1");
        Ok(Zone.Run("sync"));
        Cut(reprovisioning);

        WaitUntilSettled(uuid);
        Zone.WaitForZone(uuid, Suite.Patient(60));
        // Once the old root was set aside, it is finished; before that, the cut may have come later than the look.
        int dirt = Zone.Zlogin(uuid, "test", "-e", "/root/dirt").Status;
        Assert.True(dirt == 1 || (dirt == 0 && aside == "new"), $"the root of {uuid}: {dirt}");
        Assert.DoesNotContain("reprovisioning", Ok(Zone.Run("zfs", "list", "-H", "-o", "name")));
        Assert.Equal("", Ok(Zone.Run("sh", "-c", "ls /etc/zones/unfinished")));
        AssertConsistent();
    }

    /// <summary>Waits in the guest itself, without a round trip between two looks. A change that is over sooner is no fault.</summary>
    private void WaitInGuest(string condition) =>
        Suite.Main.Qemu.Ssh.RunScript($"n=0; until {condition}; do n=$((n+1)); [ $n -lt 2000 ] || exit 1; done", Suite.Patient(30));

    /// <summary>vmadmd undoes what was half made, and a first boot that was cut short is gone through again.</summary>
    private void WaitUntilSettled(Guid uuid) => Zone.WaitFor("the change to be undone or finished", Suite.Patient(60),
        () => (string?)Zone.Get(uuid)?["state"] is not ("configured" or "incomplete" or "provisioning"));

    private void Cut(Task<CommandResult> change)
    {
        Suite.Main.CutPower();
        change.Wait(TestContext.Current.CancellationToken); // its ssh has lost the other end; how it ended does not matter
        Suite.Main.CutPowerAndBoot();
    }
}
