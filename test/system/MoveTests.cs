using Lumos.Machine;
using Xunit;

namespace Lumos.SystemTests;

/// <summary>VMs between two machines over ssh: sent, cut and resumed, and migrated while they run; and a target that loses its power.</summary>
[Collection("08b move")] // before the rescue, which leaves the shared machine without our key
public sealed class MoveTests(Suite suite) : LiveTest(suite)
{
    private const string Key = "/root/.ssh/move";

    protected override MachineFolder? LogOf => new(Path.Combine(Suite.Checkout.LiveTests, "second"));

    [Fact]
    public async Task A_VM_moves_to_another_machine_and_stays_when_that_dies()
    {
        using var second = Suite.NewMachine("second", MachineSettings.Default() with { Disks = 1, MemoryMiB = 1024 });
        second.BootDirectly(second.Answers);
        second.WaitUntilSetUp();
        second.Zone.UseImageSource(Suite.ImageUrl);
        second.Zone.ImportImage(Suite.ImageUuid("lumos-base"));
        Zone.UseImageSource(Suite.ImageUrl);
        Zone.ImportImage(Suite.ImageUuid("lumos-base"));
        Ok(Zone.RunWith(File.ReadAllText(second.Folder.PrivateKey), "sh", "-c", $"umask 077; mkdir -p /root/.ssh; cat > {Key}"));
        // The second machine's ssh is a port of this host, which the first one reaches by its gateway.
        string ssh = $"ssh -p {second.Qemu.SshPort} -i {Key} -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "
            + "-o ServerAliveInterval=5 -o ServerAliveCountMax=3";
        string there = $"root@{QemuCommand.Gateway}";

        var uuid = Zone.Create(Payloads.Bare("mover", Suite.ImageUuid("lumos-base")));
        Zone.WaitForZone(uuid, Suite.Patient(60));
        Ok(Zone.Shell($"zfs create zones/{uuid}/data && head -c 20000000 /dev/urandom > /zones/{uuid}/data/rows && echo one > /zones/{uuid}/root/root/note"));
        string sum = Ok(Zone.Shell($"sha256sum < /zones/{uuid}/data/rows"));

        // The line is cut in the middle; what came is resumed, also inside a snapshot.
        Ok(Zone.Shell($"vmadm send --live {uuid} > /var/tmp/vm.stream"));
        Assert.Contains("was received in part", Fails(1, Zone.Shell($"head -c 15000000 /var/tmp/vm.stream | {ssh} {there} vmadm receive")));
        Assert.Equal("receiving", (string?)second.Zone.Get(uuid)?["state"]);
        Fails(1, second.Zone.Run("vmadm", "install", $"{uuid}"));
        string token = Ok(second.Zone.Run("vmadm", "receive", "--token", $"{uuid}"));
        Ok(Zone.Shell($"rm /var/tmp/vm.stream; vmadm send --live --resume {token} {uuid} > /var/tmp/vm.rest"));
        Assert.True(long.Parse(Ok(Zone.Run("stat", "-c", "%s", "/var/tmp/vm.rest"))) < 15_000_000, "what was there was not sent again");
        Ok(Zone.Shell($"{ssh} {there} vmadm receive < /var/tmp/vm.rest; rm /var/tmp/vm.rest"));

        // It is migrated; only what changed since goes.
        Ok(Zone.Shell($"echo two > /zones/{uuid}/root/root/note"));
        string[] migrate = ["vmadm", "migrate", "-e", ssh, $"{uuid}", there];
        Assert.Contains("can be moved", Zone.Run([.. migrate, "-n"]).ErrorOutput);
        Ok(Suite.Main.Qemu.Ssh.Run(migrate, Suite.Patient(180)));
        second.Zone.WaitForZone(uuid, Suite.Patient(60));
        Assert.Equal("two", Ok(second.Zone.Zlogin(uuid, "cat", "/root/note")));
        Assert.Equal(sum, Ok(second.Zone.Shell($"sha256sum < /zones/{uuid}/data/rows")));
        Assert.Equal("stopped", (string?)Zone.Get(uuid)?["state"]);
        Fails(1, Zone.Run("vmadm", "start", $"{uuid}"));
        Ok(Zone.Run("vmadm", "migrate", "--finish", "-e", ssh, $"{uuid}"));
        Assert.Null(Zone.Get(uuid));
        AssertConsistent();

        // The target loses its power while it receives: the VM runs on here.
        var stays = Zone.Create(Payloads.Bare("stays", Suite.ImageUuid("lumos-base")));
        Zone.WaitForZone(stays, Suite.Patient(60));
        Ok(Zone.Shell($"head -c 100000000 /dev/urandom > /zones/{stays}/root/root/blob"));
        var moving = Task.Run(
            () => Suite.Main.Qemu.Ssh.Run(["vmadm", "migrate", "-e", ssh, $"{stays}", there], Suite.Patient(180)), TestContext.Current.CancellationToken);
        second.Zone.WaitFor("the VM to be received", Suite.Patient(60), () => (string?)second.Zone.Get(stays)?["state"] == "receiving");
        second.CutPower();
        Assert.Contains("runs on here", Fails(1, await moving));
        Assert.Equal("running", (string?)Zone.Get(stays)?["state"]);
        Ok(Zone.Zlogin(stays, "true"));
        Ok(Zone.Run("vmadm", "delete", $"{stays}"));
    }
}
