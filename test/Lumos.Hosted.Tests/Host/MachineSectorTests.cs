using System.Text.Json.Nodes;
using Lumos.Testing;
using Xunit;

namespace Lumos.Hosted.Tests.Host;

/// <summary>Hardware VMs whose guest is a boot sector (<see cref="InstallMedium"/>): what can be shown without a kernel, and of many at once.</summary>
[Trait("level", "host")]
[Collection(SharedRootTests.Name)]
public sealed class MachineSectorTests(SharedRoot shared) : HostedTest(shared)
{
    private const int Crowd = 20;

    private static readonly TimeSpan BootTime = TimeSpan.FromSeconds(120);

    private readonly HostedRoot _root = shared.Root;

    [Theory]
    [InlineData("bhyve", "ahci", "e1000", "ahci")]
    [InlineData("bhyve", "virtio", "virtio", "ide")]
    [InlineData("kvm", "ide", "e1000", "ide")]
    [InlineData("kvm", "virtio", "virtio", "ide")]
    public void One_is_installed_from_a_medium_that_is_in_its_drive_for_once(string brand, string disk, string nic, string drive)
    {
        using var vm = HostedVm.Of(_root, new JsonObject
        {
            ["brand"] = brand, ["alias"] = "empty", ["ram"] = "64", ["vcpus"] = "1", ["autoboot"] = false,
            ["disks"] = new JsonArray(new JsonObject { ["size"] = 16, ["boot"] = true, ["model"] = disk }),
            ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["primary"] = 1, ["model"] = nic }),
        });
        var guest = new MachineGuest(_root, vm);
        File.WriteAllBytes(_root.Inside($"/zones/{vm.Uuid}/root/install.iso"), InstallMedium.Make());
        vm.Vmadm("start", "order=cd,once=d", $"cdrom=/install.iso,{drive}").OrThrow();
        Says(guest, InstallMedium.Booted);
        Says(guest, InstallMedium.Installed);
        Says(guest, InstallMedium.DiskBooted(1)); // by the guest's own restart, after which the disk comes first
        vm.Vmadm("reboot", "-F").OrThrow();
        Says(guest, InstallMedium.DiskBooted(2));
        Assert.Single(guest.Console().Split(InstallMedium.Booted)[1..]);
    }

    [Fact]
    public async Task Many_start_at_once()
    {
        string folder = Directory.CreateDirectory(Path.Combine(HostedRoot.Temporary, "sectors")).FullName;
        var vms = new List<HostedVm>();
        try
        {
            for (int i = 0; i < Crowd; i++)
            {
                string disk = Path.Combine(folder, $"{i}.raw");
                File.WriteAllBytes(disk, [.. InstallMedium.DiskSector(), .. new byte[(1 << 20) - 512]]);
                vms.Add(HostedVm.Of(_root, new JsonObject
                {
                    ["brand"] = i % 2 == 0 ? "bhyve" : "kvm", ["alias"] = $"crowd{i}", ["ram"] = 64, ["autoboot"] = false,
                    ["disks"] = new JsonArray(new JsonObject { ["path"] = disk, ["nocreate"] = true, ["boot"] = true, ["model"] = "virtio" }),
                    ["nics"] = new JsonArray(new JsonObject { ["nic_tag"] = "admin", ["ip"] = "dhcp", ["primary"] = true, ["model"] = "virtio" }),
                }));
            }
            var starts = await Task.WhenAll(vms.Select(vm => Task.Factory.StartNew(() => vm.Vmadm("start"), TaskCreationOptions.LongRunning)));
            Assert.All(starts, run => Assert.True(run.Succeeded, run.ErrorOutput));
            Assert.All(vms, vm => Says(new MachineGuest(_root, vm), InstallMedium.DiskBooted(1)));
            Assert.All(vms, vm => Assert.Equal("running", vm.State));
        }
        finally
        {
            Parallel.ForEach(vms, vm => vm.Dispose());
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Says(MachineGuest guest, string words) => Wait.For(words, () => guest.Console().Contains(words, StringComparison.Ordinal), guest.Console, BootTime);
}
